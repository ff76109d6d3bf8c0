import type { Miniflare } from 'miniflare'

export const root: string

export interface RunningGateway {
  port: number
  url: string
  miniflare: Miniflare
  database: D1Database
  newKeys: { managementKey: string | null; apiKey: string | null }
  stop(): Promise<void>
}

export function startGateway(options: {
  bundle: string
  port: number
  stateDirectory: string
  variables: Record<string, string>
  onLog: (line: { level: string; message: string }) => void
}): Promise<RunningGateway>
