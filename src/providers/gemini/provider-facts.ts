/** What sets the two doors to Gemini apart. */
export interface GeminiFacts {
  /** Penalties and log probabilities are taken for every model. Elsewhere only for those that are known to take them. */
  everySamplingParameter?: true
  /** The ids of calls stay here: older versions of the API refuse them, and order tells which result is whose. */
  withoutCallIds?: true
  /** Fields of Google's own that a client may give at the top level, by the names that are understood, to Google's. */
  passes?: Readonly<Record<string, string>>
}
