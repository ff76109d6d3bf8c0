import { cloudflareTest } from '@cloudflare/vitest-pool-workers'
import { defineConfig } from 'vitest/config'
export default defineConfig({ plugins: [cloudflareTest({ miniflare: { compatibilityDate: '2026-10-01', d1Databases: ['DB'] } })], test: { include: ['test/store/catalog.test.ts'] } })
