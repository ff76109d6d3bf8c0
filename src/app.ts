import { chatCompletions } from './api/chat-completions/surface.ts'
import { explain } from './api/explain.ts'
import { frame } from './api/frame.ts'
import { generation } from './api/generation.ts'
import { key } from './api/key.ts'
import { keys } from './api/keys.ts'
import { landing } from './api/landing.ts'
import { models } from './api/models.ts'
import { providers } from './api/providers.ts'
import { settings } from './api/settings.ts'
import { openGateway } from './gateway.ts'
import { sandbox } from './sandbox/sandbox.ts'

/** Every route: one line a surface. */
export const app = frame(openGateway)

const base = '/api/v1'
app.route(base, chatCompletions)
app.route(base, models)
app.route(base, providers)
app.route(base, generation)
app.route(base, key)
app.route(base, keys)
app.route(base, settings)
app.route(base, explain)
app.route('/sandbox/v1', sandbox)
app.route('/', landing)
