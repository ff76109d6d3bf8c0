/**
 * The name that the operator gave to a model's deployment: `list` is `model=deployment`, separated by commas. A model
 * that is not in it is taken to be deployed under its own name, as the portal proposes.
 */
export function deploymentOf(upstreamId: string, list: string | undefined): string {
  for (const pair of list?.split(',') ?? []) {
    const [model, deployment] = pair.split('=', 2)
    if (model?.trim() === upstreamId && deployment?.trim()) return deployment.trim()
  }
  return upstreamId
}
