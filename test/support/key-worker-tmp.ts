import { DurableObject } from 'cloudflare:workers'

export { KeyObject } from '../../src/objects/key-object.ts'
export class HealthObject extends DurableObject {}
export default { fetch: () => new Response('x') }
