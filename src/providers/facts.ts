import { alibaba } from './alibaba.ts'
import { cerebras } from './cerebras.ts'
import { groq } from './groq.ts'
import { minimax } from './minimax.ts'
import { mistral } from './mistral.ts'
import { moonshotai } from './moonshotai.ts'
import { openai } from './openai.ts'
import type { ProviderFacts } from './openai-chat/provider-facts.ts'
import { xai } from './xai.ts'
import { zAi } from './z-ai.ts'

/** Sampling parameters that OpenAI's API never had. */
const openModelSampling = ['top_k', 'min_p', 'top_a', 'repetition_penalty'] as const

/** A router that speaks OpenRouter's own extensions takes them as they are. */
const openRouterAlike: ProviderFacts = {
  reasoning: 'object',
  developerRole: true,
  cacheControl: true,
  echo: 'details',
}

/**
 * What is known to differ from a plain host, by the catalogue's slug. A provider that is not here is a plain host; one
 * that needs more than a line has a file of its own. Which hosts cancel: `openrouter-api.md` §1.12.
 */
export const factsBySlug: Readonly<Record<string, ProviderFacts>> = {
  openai,
  alibaba,
  cerebras,
  groq,
  minimax,
  mistral,
  moonshotai,
  xai,
  'z-ai': zAi,

  // Labs behind their OpenAI-shaped doors.
  anthropic: {
    cancels: true,
    reasoning: 'none',
    names: false,
    refuses: [...openModelSampling, 'logprobs', 'top_logprobs', 'logit_bias', 'seed'],
  },
  deepseek: {
    cancels: true,
    reasoning: 'thinking',
    jsonSchema: false,
    echo: 'reasoning_content',
    echoInToolLoop: true,
    demandsThoughts: true,
    refuses: [...openModelSampling, 'logit_bias', 'seed', 'n', 'parallel_tool_calls'],
  },
  xiaomi: { reasoning: 'thinking', echo: 'reasoning_content' },
  volcengine: { reasoning: 'thinking' },
  perplexity: {
    names: false,
    thinkTags: true,
    refuses: ['tools', 'tool_choice', 'parallel_tool_calls', 'n', 'seed', 'logit_bias', 'min_p', 'top_a', 'stop'],
  },
  inflection: {},
  // It fills gaps in code, on a door of its own.
  inception: { notChat: /^mercury-edit/ },
  thinkingmachines: { baseUrl: 'https://tinker.thinkingmachines.dev/services/tinker-prod/oai/api/v1' },

  // Clouds.
  // Every chunk has the usage so far, without asking.
  databricks: {
    reasoning: 'none',
    streamUsage: false,
    refuses: ['seed', 'logit_bias', 'parallel_tool_calls', 'min_p', 'top_a'],
  },
  // Its reasoning is OpenRouter's in every field, signatures included.
  snowflake: {
    headers: { 'x-snowflake-authorization-token-type': 'PROGRAMMATIC_ACCESS_TOKEN' },
    reasoning: 'object',
    echo: 'details',
    usageIsFinish: true,
  },
  // Cohere's models are not among those that its OpenAI-shaped door opens to.
  oci: {
    baseUrl: 'https://inference.generativeai.{region}.oci.oraclecloud.com/openai/v1',
    settingHeaders: { PROJECT: 'openai-project' },
    notChat: /^cohere\./,
  },

  // Hosts of open models.
  baseten: { auth: { header: 'authorization', prefix: 'Api-Key ' } },
  chutes: { cancels: true, thinkTags: true },
  deepinfra: { cancels: true },
  fireworks: {
    cancels: true,
    userField: 'user',
    echo: 'reasoning_content',
    thinkTags: true,
    refuses: ['top_a', 'store', 'service_tier', 'verbosity', 'prompt_cache_key', 'prompt_cache_retention'],
  },
  friendli: { cancels: true },
  hyperbolic: { cancels: true, kindOf: (_, { code }) => (code === '40301' ? 'not-found' : undefined) },
  infermatic: { cancels: true },
  mancer: { cancels: true },
  nebius: { thinkTags: true },
  novita: { cancels: true, thinkTags: true },
  sambanova: {
    thinkTags: true,
    refuses: ['n', 'frequency_penalty', 'presence_penalty', 'logit_bias', 'min_p', 'top_a', 'seed', 'logprobs'],
  },
  scaleway: { refuses: ['n', 'logit_bias', 'top_a'] },
  siliconflow: { reasoning: 'enable-thinking' },
  together: { cancels: true, echo: 'reasoning', thinkTags: true, refuses: ['top_a', 'logprobs', 'top_logprobs'] },

  // Routers.
  openrouter: {
    ...openRouterAlike,
    settingHeaders: { REFERER: 'http-referer', TITLE: 'x-title' },
    passes: ['plugins', 'cache_control', 'image_config', 'include_reasoning'],
    cacheBreakpoints: true,
  },
  vercel: openRouterAlike,
  zenmux: openRouterAlike,
  kilo: openRouterAlike,
  llmgateway: openRouterAlike,
  'nano-gpt': openRouterAlike,
  requesty: {
    euBaseUrl: 'https://router.eu.requesty.ai/v1',
    cacheControl: true,
    developerRole: true,
    efforts: ['low', 'medium', 'high', 'max'],
  },
  huggingface: { thinkTags: true, settingHeaders: { BILL_TO: 'x-hf-bill-to' } },
  litellm: {
    cacheControl: true,
    developerRole: true,
    echo: 'reasoning_content',
    kindOf: (_, { type, message }) =>
      /^budget_?exceeded/i.test(type) || /^(budget has been exceeded|exceededbudget)\b/i.test(message)
        ? 'payment'
        : undefined,
  },
  // Both keep prompts unless they are told not to.
  portkey: {
    auth: { header: 'x-portkey-api-key', prefix: '' },
    headers: { 'x-portkey-debug': 'false', 'x-portkey-strict-open-ai-compliance': 'false' },
    settingHeaders: {
      CONFIG: 'x-portkey-config',
      PROVIDER: 'x-portkey-provider',
      VIRTUAL_KEY: 'x-portkey-virtual-key',
    },
  },
  helicone: { headers: { 'helicone-omit-request': 'true', 'helicone-omit-response': 'true' } },
  eurouter: { settingHeaders: { ORG_ID: 'x-org-id' } },
  martian: { baseUrl: 'https://api.withmartian.com/v1', cacheControl: true },
  notdiamond: { baseUrl: 'https://proxy.notdiamond.ai/v1/proxy' },
  'cloudflare-ai-gateway': {
    auth: { header: 'cf-aig-authorization', prefix: 'Bearer ' },
    baseUrl: 'https://gateway.ai.cloudflare.com/v1/{account}/{gateway}/compat',
  },
}
