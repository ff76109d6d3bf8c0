export type Environment = 'production' | 'development'

/** What kind of place an address is, as far as it matters here. `local` is this machine or its private networks. */
type Reach = 'public' | 'local' | 'reserved'

const localIpv4: readonly Block[] = [
  block('0.0.0.0', 8),
  block('10.0.0.0', 8),
  // Carrier-grade NAT, also overlay networks.
  block('100.64.0.0', 10),
  block('127.0.0.0', 8),
  block('172.16.0.0', 12),
  block('192.168.0.0', 16),
]

/** Link-local (and with it the clouds' metadata), documentation, benchmarking, multicast and what has no meaning. */
const reservedIpv4: readonly Block[] = [
  block('169.254.0.0', 16),
  block('192.0.0.0', 24),
  block('192.0.2.0', 24),
  block('192.88.99.0', 24),
  block('198.18.0.0', 15),
  block('198.51.100.0', 24),
  block('203.0.113.0', 24),
  block('224.0.0.0', 3),
]

/** Names that mean this machine or this network wherever they are resolved. A name without a dot is one of them. */
const localNames = ['localhost', 'localdomain', 'local', 'internal', 'intranet', 'lan', 'home', 'corp', 'home.arpa']

/** Public names whose purpose is to resolve to the local machine, or to whatever address is written into them. */
const namesOfLocalAddresses = [
  'nip.io',
  'sslip.io',
  'xip.io',
  'ip6.name',
  'backname.io',
  'localtest.me',
  'lvh.me',
  'vcap.me',
  'fuf.me',
  'local.gd',
  'localho.st',
  'localhost.direct',
  'lacolhost.com',
  'traefik.me',
  'rbndr.us',
  '1u.ms',
]

/** Where clouds hand out the credentials of the machine that asks, wherever that is: never an upstream. */
const metadataHosts = new Set([
  'metadata.google.internal',
  'metadata.goog',
  'instance-data',
  'instance-data.ec2.internal',
  'metadata.tencentyun.com',
  'metadata.platformequinix.com',
  'metadata.packet.net',
  '100.100.100.200',
  // Azure's wire server has a public address.
  '168.63.129.16',
  '[fd00:ec2::254]',
  '[fd20:ce::254]',
])

/**
 * Why no connection may be opened to `url`, or null when it may. In development plain http and the local machine and
 * its networks are fine; link-local, metadata and multicast addresses never are. The URL parser has brought decimal,
 * octal and hexadecimal forms into one already. What a public name resolves to cannot be seen from here, but for the
 * well-known ones (`10.0.0.1.nip.io`): a Worker has no resolver, and its network reaches no private address either.
 */
export function refusalOf(url: string, environment: Environment): string | null {
  let parsed: URL
  try {
    parsed = new URL(url)
  } catch {
    return 'The address is not a URL.'
  }
  const { protocol, username, password } = parsed
  if (protocol !== 'https:' && protocol !== 'http:') return 'Only https addresses are allowed.'
  if (protocol === 'http:' && environment !== 'development') return 'Only https addresses are allowed.'
  if (username !== '' || password !== '') return 'The address must not hold a user name or a password.'
  const reach = reachOf(parsed.hostname)
  if (reach === 'reserved') return 'The address is reserved.'
  if (reach === 'local' && environment !== 'development') return 'The address is private.'
  return null
}

/** Schemes of media that no server fetches by itself, or only from a cloud's own storage. */
const harmlessSchemes = new Set(['data', 'gs', 's3'])

/**
 * Why a media address of a request may not be handed to a provider, or null when it may. The gateway fetches none of
 * them itself, but a provider does, and one that the operator runs stands in the operator's network. What is no URL (base64,
 * a file id) is none of this function's business.
 */
export function mediaRefusalOf(address: string, environment: Environment): string | null {
  // What some client libraries strip before they parse, the standard's parser among them.
  const trimmed = address.replace(/^[\0-\x20\x7f-\xa0\s\u200b\u2060]+/, '')
  const scheme = schemeOf(trimmed)
  if (scheme === null || harmlessSchemes.has(scheme)) return null
  if (scheme !== 'http' && scheme !== 'https') return 'Only https, data, gs and s3 addresses are allowed.'
  if (!URL.canParse(trimmed)) return 'The address is not a URL.'
  return refusalOf(new URL(trimmed).href, environment)
}

/** In small letters; null for what is no URL. The parser takes tabs and line breaks out wherever they stand. */
function schemeOf(address: string): string | null {
  let scheme = ''
  for (const character of address) {
    if (character === ':') return /^[a-z]/.test(scheme) ? scheme : null
    if (character === '\t' || character === '\n' || character === '\r') continue
    if (scheme.length > 32 || !/[a-z0-9+.-]/i.test(character)) return null
    scheme += character.toLowerCase()
  }
  return null
}

function reachOf(hostname: string): Reach {
  const name = hostname.replace(/\.+$/, '').toLowerCase()
  if (metadataHosts.has(name)) return 'reserved'
  if (name.startsWith('[')) return reachOfIpv6(name.slice(1, -1))
  if (name === '') return 'reserved'
  const ipv4 = readIpv4(name)
  if (ipv4 !== null) return reachOfIpv4(ipv4)
  if (!name.includes('.') || localNames.some((local) => name.endsWith(`.${local}`))) return 'local'
  return namesOfLocalAddresses.some((local) => name === local || name.endsWith(`.${local}`)) ? 'local' : 'public'
}

function reachOfIpv4(address: number): Reach {
  if (localIpv4.some((range) => isIn(address, range))) return 'local'
  return reservedIpv4.some((range) => isIn(address, range)) ? 'reserved' : 'public'
}

function reachOfIpv6(text: string): Reach {
  const groups = readIpv6(text)
  if (!groups) return 'reserved'
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = groups
  const last = g * 0x10000 + h
  if (a === 0 && b === 0 && c === 0 && d === 0 && e === 0) {
    if (f === 0) return last <= 1 ? 'local' : embedded(last)
    if (f === 0xffff) return embedded(last)
  }
  // IPv4-translated, NAT64, 6to4: an IPv4 address in other clothes.
  if (a === 0 && b === 0 && c === 0 && d === 0 && e === 0xffff && f === 0) return embedded(last)
  if (a === 0x64 && b === 0xff9b && c === 0 && d === 0 && e === 0 && f === 0) return embedded(last)
  if (a === 0x2002) return embedded(b * 0x10000 + c)
  if ((a & 0xfe00) === 0xfc00) return 'local'
  // Teredo, ORCHID and the other protocol assignments of 2001::/23, documentation; then all that is not global unicast.
  if (a === 0x2001 && (b < 0x200 || b === 0xdb8)) return 'reserved'
  if (a === 0x3fff && b < 0x1000) return 'reserved'
  return (a & 0xe000) === 0x2000 ? 'public' : 'reserved'
}

/** An IPv6 form of a public IPv4 address is nothing an upstream has; it is allowed no more than the address itself. */
function embedded(ipv4: number): Reach {
  return reachOf(`${ipv4 >>> 24}.${(ipv4 >>> 16) & 255}.${(ipv4 >>> 8) & 255}.${ipv4 & 255}`)
}

interface Block {
  first: number
  last: number
}

function block(first: string, bits: number): Block {
  const start = readIpv4(first) ?? 0
  return { first: start, last: start + 2 ** (32 - bits) - 1 }
}

function isIn(address: number, range: Block): boolean {
  return address >= range.first && address <= range.last
}

/** A dotted quad as a number; null for anything else. */
function readIpv4(text: string): number | null {
  if (!/^\d{1,3}(\.\d{1,3}){3}$/.test(text)) return null
  let address = 0
  for (const part of text.split('.')) {
    if (Number(part) > 255) return null
    address = address * 256 + Number(part)
  }
  return address
}

/** The eight groups of an IPv6 address as the URL parser writes it (compressed, lower case, never with dots). */
function readIpv6(text: string): number[] | null {
  const [head = '', tail, more] = text.split('::')
  if (more !== undefined) return null
  const before = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  const missing = 8 - before.length - after.length
  if (tail === undefined ? missing !== 0 : missing < 1) return null
  const groups = [...before, ...Array<string>(missing).fill('0'), ...after].map((group) =>
    /^[0-9a-f]{1,4}$/i.test(group) ? Number.parseInt(group, 16) : Number.NaN,
  )
  return groups.some(Number.isNaN) ? null : groups
}
