import { expect, it } from 'vitest'
import { landing } from '../../src/api/landing.ts'
import type { AvailabilityCode } from '../../src/chat/failure.ts'
import { rules } from '../../src/routing/eligibility.ts'
import type { Refusal } from '../../src/routing/refusal.ts'
import { type RuleContext, wishesOf } from '../../src/routing/rule-context.ts'
import { endpointRecord, modelEntry, planInput } from '../routing/records.ts'

const page = await (await landing.request('/docs/errors')).text()

/** What the page says of a code, or undefined. */
const entryOf = (code: AvailabilityCode) => new RegExp(`<dt id="${code}">.*?</dt><dd>(.*?)</dd>`).exec(page)?.[1]

const endpoint = endpointRecord('alpha')
const entry = modelEntry([endpoint])
const { needs, region, usable } = planInput([endpoint])
const wishes = wishesOf(needs, {})
if ('failure' in wishes) throw new Error('there is nothing to refuse')
const context: RuleContext = {
  ...wishes,
  model: entry.model,
  region,
  usable,
  freeOnly: false,
  chosen: false,
  admitted: [],
}

/** What every rule says that removed the last endpoint. */
const refusals: [string, Refusal][] = rules.flatMap(({ code, empties }) =>
  empties ? [[code, empties(context, [endpoint], entry)]] : [],
)

it.each(refusals)('the page behind docs_url has the refusal by %s', (_, { code }) => {
  expect(entryOf(code)).toBeTruthy()
})

it.each(refusals.filter(([, { code }]) => code === 'privacy_restricted'))(
  'and names what a policy may ask for: %s',
  (_, { constraint }) => {
    expect(entryOf('privacy_restricted')?.split(/[\s(),]+/)).toContain(constraint?.field)
  },
)

it.each(refusals.filter(([, { code }]) => code === 'constraint_filtered'))(
  'and leads to what is named in every one by a constraint: %s',
  (_, { constraint }) => {
    expect(entryOf('constraint_filtered')).toContain('constraint.field')
    expect(constraint?.field).toBeTruthy()
  },
)
