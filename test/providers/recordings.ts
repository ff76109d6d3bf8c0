import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** One recorded exchange, as `MANIFEST.json` describes it. */
export interface Recording {
  id: string
  provider: string
  api: string
  model: string | null
  path: string
  request_body_file: string | null
  response_status: number
  response_headers: Record<string, string> | null
  response_body_file: string
  body_kind: 'json' | 'sse' | 'eventstream' | 'ndjson' | 'text'
  chunks: boolean
  chunk_lengths: number[] | null
  tags: string[]
}

const folder = process.env.FIXTURES_DIR ?? join(import.meta.dirname, '../../../shared/fixtures')
const manifest = join(folder, 'MANIFEST.json')

/** Whether recorded traffic is at hand; it is not part of this repository. */
export const haveRecordings = existsSync(manifest)

export function allRecordings(): Recording[] {
  if (!haveRecordings) return []
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { fixtures: Recording[] }).fixtures
}

export function recordingsOf(api: string): Recording[] {
  return allRecordings().filter((recording) => recording.api === api)
}

export function bodyOf(recording: Recording): Uint8Array {
  return new Uint8Array(readFileSync(join(folder, recording.response_body_file)))
}

/** The request as the recorded client sent it, or null where nobody kept it. */
export function requestOf(recording: Recording): string | null {
  return recording.request_body_file === null ? null : readFileSync(join(folder, recording.request_body_file), 'utf8')
}

/** Cuts bytes into pieces of the given lengths; what is left is the last piece. */
export function cut(bytes: Uint8Array, lengths: Iterable<number>): Uint8Array[] {
  const pieces: Uint8Array[] = []
  let at = 0
  for (const length of lengths) {
    if (at >= bytes.length) break
    pieces.push(bytes.slice(at, at + length))
    at += length
  }
  if (at < bytes.length) pieces.push(bytes.slice(at))
  return pieces
}

/** Repeatable numbers in [0, 1) (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}
