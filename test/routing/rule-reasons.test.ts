import { expect, it } from 'vitest'
import { rules } from '../../src/routing/eligibility.ts'
import { reasonOf } from '../../src/routing/rule-reasons.ts'

it('every rule has a reason for people', () => {
  for (const rule of [...rules.map(({ code }) => code), 'no_fallback'])
    expect(reasonOf(rule), rule).not.toBe(rule.replaceAll('_', ' '))
})

it('a rule of another version of the gateway is shown by its name', () => {
  expect(reasonOf('some_rule')).toBe('some rule')
})
