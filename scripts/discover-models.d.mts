export interface DiscoveredModel {
  id: string
  name: string | undefined
  context: number | undefined
  maxOutput: number | undefined
  in: string[]
  out: string[]
  parameters: string[] | undefined
  reasoning: boolean
  price: { prompt: string; completion: string } | null | undefined
}

export class DiscoveryError extends Error {}
export function discoverModels(server: {
  baseUrl: string
  engine: string | undefined
  apiKey: string | undefined
  fetch: typeof fetch
}): Promise<{ baseUrl: string; engine: string; models: DiscoveredModel[] }>
export function decimalOf(value: unknown): string | null
