import type { DemoServices } from './services.js'

/** Shell lines that work as they are printed, with curl and openssl. */
export function tryIt({ urls, keys, users }: Pick<DemoServices, 'urls' | 'keys' | 'users'>): string {
  const [ada] = users
  return `# in a browser: log in as ada, buy, ask for a refund; the code for it is good once, for a minute
#   ${urls.gateway}
#   password ${ada?.password}
#   code     node examples/gateway/dist/code.js ${ada?.secondFactor?.secret}

# no token: 401, and why
curl -i ${urls.orders}/orders

# ada logs in; her token is good for five minutes; her orders, from Express and through Fastify
TOKEN=$(curl -s ${urls.gateway}/login -H 'content-type: application/json' \\
  -d '{"username":"ada","password":"${ada?.password}"}' | cut -d '"' -f 4)
curl -i ${urls.orders}/orders -H "authorization: Bearer $TOKEN"
curl -i ${urls.gateway}/api/orders -H "authorization: Bearer $TOKEN"

# ada buys: gateway, orders, inventory
curl -i ${urls.gateway}/api/orders -H "authorization: Bearer $TOKEN" \\
  -H 'content-type: application/json' -d '{"item":"tea","quantity":2}'

# ada is no admin: 403
curl -i ${urls.orders}/admin/orders -H "authorization: Bearer $TOKEN"

# signed with openssl as the service reporting; send the last command again: 401, replayed
SECRET='${keys.reportingSecret}'
TIMESTAMP=$(date +%s)
NONCE=$(openssl rand -hex 16)
DIGEST=$(printf '' | openssl dgst -sha256 | sed 's/.* //')
MAC=$(printf '%s\\n' countersign-hmac-v1 key-id:reporting-1 "timestamp:$TIMESTAMP" "nonce:$NONCE" \\
  audience:orders method:GET target:/orders content-type: authorization-sha256: \\
  "content-sha256:$DIGEST" | openssl dgst -sha256 -hmac "$SECRET" | sed 's/.* //')
curl -i ${urls.orders}/orders \\
  -H 'x-hmac-key-id: reporting-1' -H "x-hmac-timestamp: $TIMESTAMP" -H "x-hmac-nonce: $NONCE" \\
  -H "x-hmac-content-sha256: $DIGEST" -H "x-hmac-sha256: $MAC"
`
}
