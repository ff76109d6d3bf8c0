import { allRecordings, bodyOf, type Recording } from '../providers/recordings.ts'
import {
  type Answer,
  error,
  json,
  type MockUpstream,
  type RecordedRequest,
  replay,
  startUpstream,
} from './mock-upstream.ts'
import { randomLengths } from './recorded/replay.ts'

/** Where the answer is cut into writes: as it was read when it was recorded, at random, or into single bytes. */
export type Cut = 'recorded' | 'random' | 'bytes'

/**
 * Starts an upstream that answers with recorded traffic, whatever path and wire it is asked on: a prompt names the
 * recording that it wants (`promptFor`), and the prompt reaches it through every encoder.
 */
export async function startReplayUpstream(): Promise<MockUpstream> {
  const recordings = new Map(allRecordings().map((recording) => [recording.id, recording]))
  return startUpstream((request) => {
    const wanted = wantedOf(request)
    const recording = recordings.get(wanted?.id ?? '')
    return wanted && recording ? answerOf(recording, wanted.cut) : error(404, 'no such recording')
  })
}

/** A prompt that a replay upstream answers with a recording. */
export function promptFor(recording: Recording, cut: Cut = 'recorded'): string {
  return `Replay <<${recording.id}|${cut}>>`
}

/** The recording as an HTTP answer, its status and headers included. */
export function answerOf(recording: Recording, cut: Cut = 'recorded'): Answer {
  const bytes = bodyOf(recording)
  const headers = { ...recording.response_headers }
  // Recorded bodies are decoded, and are sent in pieces.
  for (const name of ['content-encoding', 'transfer-encoding', 'content-length']) delete headers[name]
  const { response_status: status } = recording
  if (recording.body_kind === 'json' && cut === 'recorded')
    return json(new TextDecoder().decode(bytes), status, headers)
  headers['content-type'] ??= contentTypes[recording.body_kind]
  return replay(bytes, lengthsOf(recording, bytes.length, cut), { status, headers, gapMs: 0 })
}

const contentTypes: Readonly<Record<Recording['body_kind'], string>> = {
  json: 'application/json',
  sse: 'text/event-stream',
  eventstream: 'application/vnd.amazon.eventstream',
  ndjson: 'application/x-ndjson',
  text: 'text/plain',
}

function lengthsOf(recording: Recording, total: number, cut: Cut): number[] {
  switch (cut) {
    case 'recorded':
      return recording.chunk_lengths ?? []
    case 'random':
      return randomLengths(total, recording.id)
    case 'bytes':
      return Array.from({ length: total }, () => 1)
  }
}

/** The last prompt counts: a conversation that goes on asks for its next answer. */
function wantedOf({ body }: RecordedRequest): { id: string; cut: Cut } | null {
  const [, id, cut] = [...body.matchAll(/Replay <<([^|]+)\|(recorded|random|bytes)>>/g)].at(-1) ?? []
  return id && cut ? { id, cut: cut as Cut } : null
}
