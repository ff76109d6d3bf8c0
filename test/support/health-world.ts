import type { EndpointRecord } from '../../src/catalog/records.ts'
import type { Health } from '../../src/dispatch/health.ts'
import type { HealthPort } from '../../src/objects/health-line.ts'
import { HealthWatch } from '../../src/objects/health-watch.ts'
import type { HealthMessage, HealthOutcome } from '../../src/routing/health.ts'
import { HealthBook } from '../../src/routing/health-book.ts'
import { seeded } from '../../src/routing/random.ts'
import { sampleEndpoint } from './sample-endpoint.ts'
import { VirtualTime } from './virtual-time.ts'

export interface Call {
  at: number
  endpoint: string
  outcome: HealthOutcome
}
