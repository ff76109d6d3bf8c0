import { app } from './app.ts'

export { HealthObject } from './objects/health-object.ts'
export { KeyObject } from './objects/key-object.ts'

export default { fetch: app.fetch } satisfies ExportedHandler<Env>
