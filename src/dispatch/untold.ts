import { FailureError } from '../chat/failure.ts'
import type { ChatRequest } from '../chat/request.ts'
import { providerOf } from '../providers/registry.ts'
import type { FailedCall } from '../routing/outcome.ts'
import type { Plan, PlannedAttempt } from '../routing/plan.ts'
import { encodeFor } from './encode-for.ts'
import type { Gateway } from './gateway.ts'

interface Asked {
  request: ChatRequest
  /** Beta names of `x-anthropic-beta`. */
  betas: string[] | undefined
}

/**
 * For who only looks at a plan: moves the endpoints out of it that would be passed by when their turn came, because they
 * cannot be told a part of the request, and answers what each would say. A request finds out on its way.
 */
export function takeUntold(plan: Plan, asked: Asked, gateway: Gateway): FailedCall[] {
  const untold: FailedCall[] = []
  plan.attempts = plan.attempts.filter((planned) => {
    // Its turn may never come.
    if (planned.blocked !== null) return true
    const message = untoldTo(planned, asked, gateway)
    if (message === null) return true
    plan.out.push({ endpointId: planned.endpoint.id, rule: 'untold' })
    untold.push({ endpoint: planned.endpoint, failure: { kind: 'unsupported', message } })
    return false
  })
  return untold
}

function untoldTo(planned: PlannedAttempt, { request, betas }: Asked, gateway: Gateway): string | null {
  const wire = providerOf(planned.endpoint.provider)?.wire(planned.endpoint)
  const access = gateway.access(planned.endpoint)
  if (!wire || !access) return null
  const input = { planned, request, stream: request.stream === true, userHash: undefined, betas }
  try {
    return encodeFor(input, wire, access).untold
  } catch (error) {
    // Anything else is a bug of ours, which a decision is no place to tell of.
    return error instanceof FailureError ? error.failure.message : null
  }
}
