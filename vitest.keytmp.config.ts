import { cloudflareTest } from '@cloudflare/vitest-pool-workers'
import { existsSync } from 'node:fs'
import { defineConfig } from 'vitest/config'
const root = import.meta.dirname
export default defineConfig({
  resolve: existsSync(root + '/src/store/keys.ts') ? {} : { alias: [{ find: /^.*\/store\/keys\.ts$/, replacement: root + '/test/support/keys-tmp.ts' }] },
  plugins: [cloudflareTest({ main: './test/support/key-worker-tmp.ts', wrangler: { configPath: './wrangler.toml' } })],
  test: { name: 'workerd', include: ['test/{objects,store}/**/*.test.ts'] },
})
