import { defineConfig } from 'vitest/config'
export default defineConfig({ test: { name: 'h', include: ['test/objects/health-promise.test.ts','test/objects/health-watch.test.ts','test/routing/*.test.ts'], environment: 'node' } })
