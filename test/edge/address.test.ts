import { describe, expect, it } from 'vitest'
import { refusalOf } from '../../src/edge/address.ts'
import { forbiddenAddresses, forbiddenSchemes } from './forbidden-addresses.ts'

const local = [
  'https://localhost/v1',
  'https://LOCALHOST:8443/v1',
  'https://localhost./v1',
  'https://api.localhost',
  'https://127.0.0.1/v1',
  'https://127.1',
  'https://2130706433',
  'https://0x7f000001',
  'https://0x7f.0.0.1',
  'https://0177.0.0.1',
  'https://017700000001',
  'https://127.0.0.1.',
  'https://①②⑦.0.0.1',
  'https://127%2e0%2e0%2e1',
  'https://0/',
  'https://0.0.0.0',
  'https://10.0.0.1',
  'https://10.255.255.255',
  'https://172.16.0.1',
  'https://172.31.255.255',
  'https://192.168.1.1',
  'https://3232235777',
  'https://100.64.0.1',
  'https://100.127.255.255',
  'https://[::1]',
  'https://[::]',
  'https://[0:0:0:0:0:0:0:1]',
  'https://[::ffff:127.0.0.1]',
  'https://[::ffff:7f00:1]',
  'https://[::ffff:10.0.0.1]',
  'https://[::127.0.0.1]',
  'https://[::ffff:0:10.0.0.1]',
  'https://[64:ff9b::10.0.0.1]',
  'https://[64:ff9b::7f00:1]',
  'https://[2002:7f00:1::]',
  'https://[2002:c0a8:101::1]',
  'https://[fc00::1]',
  'https://[fd12:3456:789a::1]',
  'https://router',
  'https://metadata',
  'https://printer.local',
  'https://db.internal',
  'https://db.INTERNAL.',
  'https://kubernetes.default.svc.cluster.local',
  'https://nas.home.arpa',
  'https://wiki.corp',
  'https://10.0.0.1.nip.io',
  'https://db.LVH.me.',
]

const reserved = [
  'https://169.254.169.254/latest/meta-data',
  'https://2852039166',
  'https://0xa9fea9fe',
  'https://[::ffff:169.254.169.254]',
  'https://[64:ff9b::a9fe:a9fe]',
  'https://metadata.google.internal',
  'https://metadata.google.internal.',
  'https://192.0.0.192',
  'https://192.0.2.1',
  'https://198.18.0.1',
  'https://198.51.100.7',
  'https://203.0.113.9',
  'https://224.0.0.1',
  'https://239.255.255.250',
  'https://240.0.0.1',
  'https://255.255.255.255',
  'https://[fe80::1]',
  'https://[fec0::1]',
  'https://[ff02::1]',
  'https://[2001::1]',
  'https://[2001:db8::1]',
  'https://[100::1]',
  'https://[64:ff9b:1::1]',
  'https://[1::1]',
  'https://[3fff::1]',
  'https://168.63.129.16',
  'https://100.100.100.200',
  'https://[::ffff:100.100.100.200]',
  'https://[64:ff9b::168.63.129.16]',
  'https://[fd00:ec2::254]',
  'https://[fd20:ce::254]',
  'https://metadata.goog',
]

const open = [
  'https://api.openai.com/v1',
  'https://api.openai.com./v1',
  'https://model-1.api.baseten.co:8443/x?y#z',
  'https://8.8.8.8',
  'https://172.15.255.255',
  'https://172.32.0.1',
  'https://100.63.255.255',
  'https://100.128.0.1',
  'https://169.253.1.1',
  'https://223.255.255.254',
  'https://[2606:4700::1111]',
  'https://[2a00:1450:4001::200e]',
  'https://[::ffff:8.8.8.8]',
  'https://localhost.example.com',
  'https://internal.example.com',
  'https://10.0.0.1.example.com',
  'https://bücher.example',
]

const neverUrls = [
  '',
  'api.openai.com',
  '//api.openai.com',
  'https://',
  'https://999.1.1.1',
  'https://[::1',
  'ftp://api.openai.com',
  'file:///etc/passwd',
  'javascript:alert(1)',
  'data:text/plain,x',
  'https://user@api.openai.com',
  'https://user:pass@api.openai.com',
  'https://api.openai.com@127.0.0.1',
  'https://:@:80',
]

describe('refusalOf', () => {
  it('lets nothing of the corpus escape in production', () => {
    const escaped = [...forbiddenAddresses, ...forbiddenSchemes].filter((url) => refusalOf(url, 'production') === null)
    expect(escaped).toEqual([])
  })

  it.each(local)('refuses %s in production and takes it in development', (url) => {
    expect(refusalOf(url, 'production')).toBe('The address is private.')
    expect(refusalOf(url, 'development')).toBeNull()
    expect(refusalOf(url.replace('https', 'http'), 'development')).toBeNull()
  })

  it.each(reserved)('refuses %s everywhere', (url) => {
    expect(refusalOf(url, 'production')).toBe('The address is reserved.')
    expect(refusalOf(url, 'development')).toBe('The address is reserved.')
  })

  it.each(open)('takes %s everywhere, but never in plain http', (url) => {
    expect(refusalOf(url, 'production')).toBeNull()
    expect(refusalOf(url, 'development')).toBeNull()
    expect(refusalOf(url.replace('https', 'http'), 'production')).toBe('Only https addresses are allowed.')
  })

  it.each(neverUrls)('refuses %j everywhere', (url) => {
    expect(refusalOf(url, 'production')).not.toBeNull()
    expect(refusalOf(url, 'development')).not.toBeNull()
  })

  it('judges a number alike in all of its spellings', () => {
    for (let i = 0; i < 5_000; i++) {
      const address = (i * 2_654_435_761) >>> 0
      const parts = [address >>> 24, (address >>> 16) & 255, (address >>> 8) & 255, address & 255]
      const want = refusalOf(`https://${parts.join('.')}`, 'production')
      const spellings = [
        `${address}`,
        `0x${address.toString(16)}`,
        `0${address.toString(8)}`,
        parts.map((part) => `0x${part.toString(16)}`).join('.'),
        `${parts[0]}.${address & 0xffffff}`,
        `[::ffff:${parts.join('.')}]`,
        `[64:ff9b::${parts.join('.')}]`,
      ]
      for (const spelling of spellings) expect(refusalOf(`https://${spelling}`, 'production'), spelling).toBe(want)
    }
  })
})
