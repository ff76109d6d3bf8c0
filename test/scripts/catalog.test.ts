import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'

const catalog = (...options: string[]) =>
  spawnSync(process.execPath, ['scripts/catalog.mjs', ...options], { encoding: 'utf8' })

describe('npm run catalog', () => {
  it.each(['--help', '-h', 'help'])('prints its usage and loads nothing with %s', (option) => {
    const { stdout, stderr, status } = catalog('--remote', option)
    expect(stdout).toMatch(/^Usage:\n {2}npm run catalog/)
    expect(stdout).not.toContain('statements')
    expect([stderr, status]).toEqual(['', 0])
  })

  it('names a command that it does not have', () => {
    const { stdout, stderr, status } = catalog('bogus')
    expect(stderr).toMatch(/^There is no command "bogus"\.\n\nUsage:/)
    expect([stdout, status]).toEqual(['', 1])
  })
})
