/**
 * What each request adds, in calls. The rest of the tenth is for what quiet times saved up, and for the failovers that are
 * never refused: those to a calm endpoint, of which a breaker lets a few through an outage.
 */
const callsPerRequest = 0.07
/** What time adds where requests are rarer than one a second: a gateway with one user must always be able to retry. */
const callsPerSecond = 0.07
/** What a quiet time saves up, in calls; a debt is no larger. */
const burst = 15
/** Hedges leave this much to retries, which are needed more. */
const keptForRetries = 5

/**
 * The extra upstream calls (failovers and hedges) that one isolate may still make: a token bucket that requests fill, so
 * that extra calls stay within a tenth of the requests however many isolates there are. Plain data, changed in place
 * because it is touched by every request.
 */
export interface RetryBudget {
  calls: number
  /** Epoch milliseconds of the last request. */
  at: number
}

export function openBudget(now: number): RetryBudget {
  return { calls: burst, at: now }
}

/** A request makes its first call. */
export function earnRetries(budget: RetryBudget, now: number): void {
  const earned = Math.max(callsPerRequest, ((now - budget.at) / 1000) * callsPerSecond)
  budget.calls = Math.min(burst, budget.calls + earned)
  budget.at = now
}

/** An extra call is made. One that must not be refused may take the budget into debt. */
export function spendRetry(budget: RetryBudget): void {
  budget.calls = Math.max(-burst, budget.calls - 1)
}

/** Whether there is room for a retry that has little hope: at an endpoint in trouble, after two others have failed. */
export function affordsRetry(budget: RetryBudget): boolean {
  return budget.calls >= 1
}

export function affordsHedge(budget: RetryBudget): boolean {
  return budget.calls >= keptForRetries + 1
}
