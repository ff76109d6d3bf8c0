import type { AttemptFailure } from '../chat/failure.ts'

/** `authorize` could not get what the provider wants to see: the attempt has failed before the provider was asked. */
export class AuthorizeError extends Error {
  constructor(readonly failure: AttemptFailure) {
    super(failure.message)
  }
}
