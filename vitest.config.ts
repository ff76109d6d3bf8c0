import { availableParallelism } from 'node:os'
import { cloudflareTest } from '@cloudflare/vitest-pool-workers'
import { defineConfig } from 'vitest/config'

// Pure rooms run in plain Node; what needs bindings or Durable Objects runs inside workerd; journeys, chaos and clients
// talk HTTP to the built Worker, which runs in a Miniflare that the tests start (test/support/running-worker.ts).
export default defineConfig({
  test: {
    // Journeys and chaos wait more than they work, so a small machine runs some of them at once as well.
    maxWorkers: Math.max(4, availableParallelism() - 1),
    projects: [
      {
        test: {
          name: 'rooms',
          include: [
            'test/*.test.ts',
            'test/{api,chat,catalog,dispatch,edge,metering,privacy,providers,routing,sandbox,scripts}/**/*.test.ts',
          ],
          environment: 'node',
          // The large property tests take seconds where three files share two cores.
          testTimeout: 30_000,
        },
      },
      {
        plugins: [cloudflareTest({ wrangler: { configPath: './wrangler.toml' } })],
        test: { name: 'workerd', include: ['test/{objects,store}/**/*.test.ts'], testTimeout: 30_000 },
      },
      {
        test: {
          name: 'running',
          include: ['test/{journey,chaos,clients}/**/*.test.ts'],
          globalSetup: ['test/support/seeded-state.ts'],
          environment: 'node',
          // Modules load once a process and not once a file: nothing is mocked here.
          isolate: false,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
})
