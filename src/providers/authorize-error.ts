import type { AttemptFailure } from '../chat/failure.ts'

/** `authorize` could not get what the provider wants to see: the attempt has failed before the provider was asked. */
export class AuthorizeError extends Error {
  readonly failure: AttemptFailure

  constructor(failure: AttemptFailure) {
    super(failure.message)
    this.failure = failure
  }
}
