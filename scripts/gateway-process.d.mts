import type { Miniflare } from 'miniflare'
import type { FirstKeys } from './first-keys.mjs'

export const root: string

export interface RunningGateway {
  port: number
  url: string
  miniflare: Miniflare
  database: D1Database
  newKeys: FirstKeys
  stop(): Promise<void>
}

export function bindingsOf(variables: Record<string, string>): Record<string, unknown>

export function startGateway(options: {
  bundle: string
  port: number
  stateDirectory: string
  variables: Record<string, string>
  keptManagementKey?: string | null
  onLog: (line: { level: string; message: string }) => void
}): Promise<RunningGateway>
