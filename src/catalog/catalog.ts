import type { ModelEntry, ProviderRecord } from './records.ts'

/** The catalogue as the rooms see it. Answers from isolate memory where it can: then there is no promise to await. */
export interface Catalog {
  /** One model with all its endpoints, by public id, canonical slug or alias; null when there is none. */
  model(id: string): ModelEntry | null | Promise<ModelEntry | null>
  /** Every model with its endpoints, in catalogue order. */
  models(): readonly ModelEntry[] | Promise<readonly ModelEntry[]>
  providers(): readonly ProviderRecord[] | Promise<readonly ProviderRecord[]>
}
