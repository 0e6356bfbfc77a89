type Environment = Readonly<Record<string, string | undefined>>

/** How long a client may take, in milliseconds: options of `http.createServer`, and of Fastify as `http`. */
export interface HttpLimits {
  readonly headersTimeout: number
  readonly requestTimeout: number
  /** How often Node looks for clients that take longer: a connection may live so much longer. */
  readonly connectionsCheckingInterval: number
}

/**
 * Reads `HEADERS_TIMEOUT_SECONDS` (10 where it is absent) and `REQUEST_TIMEOUT_SECONDS` (30) from the environment.
 *
 * @throws {Error} for anything but whole numbers from 1 to 3600, and where a whole request has less time than its headers
 */
export function httpLimits(environment: Environment = process.env): HttpLimits {
  const headers = secondsSetting('HEADERS_TIMEOUT_SECONDS', 10, environment)
  const request = secondsSetting('REQUEST_TIMEOUT_SECONDS', 30, environment)
  if (request < headers) throw new Error('settings: REQUEST_TIMEOUT_SECONDS is less than HEADERS_TIMEOUT_SECONDS')
  return { headersTimeout: headers * 1000, requestTimeout: request * 1000, connectionsCheckingInterval: 1000 }
}

function secondsSetting(name: string, fallback: number, environment: Environment): number {
  const text = environment[name] ?? String(fallback)
  if (!/^[0-9]{1,4}$/.test(text) || Number(text) < 1 || Number(text) > 3600)
    throw new Error(`settings: ${name} must be a whole number from 1 to 3600`)
  return Number(text)
}
