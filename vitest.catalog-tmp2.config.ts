import { defineConfig } from 'vitest/config'
export default defineConfig({ resolve: { alias: [{ find: /^.*\/authenticate\.ts$/, replacement: '/tmp/auth-cat.ts' }] }, test: { include: ['test/api/models.test.ts'] } })
