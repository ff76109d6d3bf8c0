/** What each rule that removes an endpoint means, for people. A rule is named in `eligibility.ts`, or in `plan.ts`. */
const reasons: Readonly<Record<string, string>> = {
  __proto__: null as never,
  wrong_endpoint: 'answers with something that this route does not serve',
  mandatory_reasoning: 'its model reasons always, and the request wants no reasoning',
  not_configured:
    'no credential or address is configured for its provider, or none that may be called, or it has no price',
  data_region: 'is not shown to be tied to the region of this host',
  free_pool: 'is not free, and :free was asked for',
  account_only: 'is not in the account’s provider list',
  account_ignore: 'is ignored by the account',
  'data_policy:zdr': 'is not on record with zero data retention',
  'data_policy:training': 'is not on record as never collecting prompts',
  direct_only: 'is a router',
  jurisdictions: 'its operator’s legal home is not allowed or unknown',
  regions: 'is not certain to process in the allowed regions',
  distillation: 'no record says that the model’s author allows distillation',
  only: 'is not in provider.only',
  ignore: 'is in provider.ignore',
  service_tier: 'is a service tier that nobody asked for',
  flex_tier: 'is not of the flex tier that was asked for',
  quantization: 'its quantization is not allowed',
  input_modality: 'does not take an input of the request',
  output_modality: 'does not give an output of the request',
  tools: 'does not support tools',
  require_parameters: 'does not support every parameter of the request',
  prefer_tools: 'does not say that it supports tools, and others do',
  prefer_response_format: 'does not support the response format, and others do',
  prefer_verbosity: 'does not support verbosity, and others do',
  max_output_tokens: 'gives fewer output tokens than the request wants',
  context_length: 'its context is too short',
  max_price: 'costs more than provider.max_price',
  status: 'is deprecated, and others are not',
  untold: 'cannot be told a part of the request',
  no_fallback: 'would be a fallback, and provider.allow_fallbacks is false',
}

export function reasonOf(rule: string): string {
  return reasons[rule] ?? rule.replaceAll('_', ' ')
}
