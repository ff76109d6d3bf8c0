import { existsSync, readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'

/**
 * The variables of `.dev.vars`, all of them text. An empty value counts as not set, so that a copy of the example
 * configures nothing.
 *
 * @param {string} root directory of the project
 * @returns {Record<string, string>}
 */
export function readDevVars(root) {
  const path = `${root}/.dev.vars`
  if (!existsSync(path)) return {}
  return Object.fromEntries(Object.entries(parseEnv(readFileSync(path, 'utf8'))).filter(([, value]) => value !== ''))
}
