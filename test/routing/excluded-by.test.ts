import { expect, it } from 'vitest'
import { excludedBy } from '../../src/routing/excluded-by.ts'
import { plan } from '../../src/routing/plan.ts'
import { recordOf } from '../../src/routing/record-of.ts'
import { endpointRecord as endpoint, healthy, noon, planInput } from './records.ts'

it('says of every endpoint that was not called why', () => {
  const health = {
    probed: healthy({ openUntil: noon - 1, probeReady: true }),
    open: healthy({ openUntil: noon + 5 }),
    cooling: healthy({ cooldownUntil: noon + 5 }),
  }
  const tags = ['probed', 'well', 'open', 'cooling', 'ignored']
  const request = { provider: { ignore: ['ignored'] } }
  const record = recordOf(
    plan(
      planInput(
        tags.map((tag) => endpoint(tag)),
        request,
        { health, takeProbe: () => true },
      ),
    ),
  )
  const rules = (...called: string[]) =>
    Object.fromEntries(
      excludedBy(record, new Set(called)).map(({ endpointId, rule }) => [endpointId.split(':')[0], rule]),
    )
  const others = { open: 'breaker_open', cooling: 'cooldown', ignored: 'ignore' }
  expect(rules('probed:acme/m1')).toEqual({ ...others, well: 'not_needed' })
  expect(rules('well:acme/m1')).toEqual({ ...others, probed: 'not_needed' })
  const many = recordOf(plan(planInput(Array.from({ length: 8 }, (_, index) => endpoint(`p${index}`)))))
  expect(excludedBy(many, new Set()).filter(({ rule }) => rule === 'attempt_limit')).toHaveLength(2)
})

it.each(['retry_budget', 'untold'] as const)('says so where one was passed by when its turn came (%s)', (rule) => {
  const made = plan(planInput([endpoint('first'), endpoint('second')], { provider: { sort: 'price' } }))
  const [first, second] = made.attempts
  if (!first || !second) throw new Error('both are planned')
  second.skipped = rule
  expect(excludedBy(recordOf(made), new Set([first.endpoint.id]))).toEqual([{ endpointId: second.endpoint.id, rule }])
})
