import { existsSync } from 'node:fs'
import { defineConfig } from 'vitest/config'
const root = import.meta.dirname
export default defineConfig({
  resolve: existsSync(root + '/src/api/authenticate.ts') ? {} : { alias: [{ find: /^.*\/authenticate\.ts$/, replacement: root + '/test/support/auth-tmp.ts' }] },
  test: { include: ['test/api/generation.test.ts'] },
})
