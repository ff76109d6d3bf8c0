/** What every chunk and body of one answer repeats. */
export interface Envelope {
  /** The generation id. */
  id: string
  /** Unix seconds. */
  created: number
  /** The public id of the model that answers. */
  model: string
  /** The display name of the provider that answers. */
  provider: string
}
