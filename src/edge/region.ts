// The addresses of requests are normalised already: a lower-case host, and no user name before it.
const euHost = /^https?:\/\/eu\./

/**
 * The region that a request is answered for. What is deployed decides: `REGION`. Only in development, where one process
 * plays both deployments, does the host name choose the EU (`eu.localhost`), and it can never choose anything weaker
 * than `REGION`.
 */
export function regionOf(url: string, variables: { REGION: string; ENVIRONMENT: string }): string {
  const { REGION, ENVIRONMENT } = variables
  if (ENVIRONMENT !== 'development' || REGION === 'eu') return REGION
  return euHost.test(url) ? 'eu' : REGION
}
