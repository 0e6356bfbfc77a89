import type { Mistake } from './mistake.js'

/** Other readings of the same secret. Told without a character of it. */
export function secretMistakes(secret: Buffer): readonly Mistake[] {
  const text = secret.toString('latin1')
  const isHex = /^([0-9a-fA-F]{2})+$/.test(text)
  const isBase64 = /^[A-Za-z0-9+/_-]{16,}={0,2}$/.test(text)
  const readings: [Buffer, string][] = [
    [
      Buffer.from(secret.toString('hex')),
      'The client used the hexadecimal text of the secret as the secret: decode it first.',
    ],
    [
      Buffer.from(secret.toString('hex').toUpperCase()),
      'The client used the hexadecimal text of the secret as the secret: decode it first.',
    ],
    [
      Buffer.from(secret.toString('base64')),
      'The client used the base64 text of the secret as the secret: decode it first.',
    ],
    [
      Buffer.from(secret.toString('base64url')),
      'The client used the base64url text of the secret as the secret: decode it first.',
    ],
    ...(isHex
      ? [
          [
            Buffer.from(text, 'hex'),
            'The client decoded the secret from hexadecimal, and the service uses its text: import it with --secret-format hex.',
          ] satisfies [Buffer, string],
        ]
      : []),
    ...(isBase64
      ? [
          [
            Buffer.from(text, 'base64'),
            'The client decoded the secret from base64, and the service uses its text: import it with --secret-format base64.',
          ] satisfies [Buffer, string],
        ]
      : []),
    [
      Buffer.concat([secret, Buffer.from('\n')]),
      "The client's secret has a line feed at its end, as read from a file. Trim it.",
    ],
    [
      Buffer.concat([secret, Buffer.from('\r\n')]),
      "The client's secret has CR LF at its end, as read from a file. Trim it.",
    ],
    [Buffer.concat([secret, Buffer.from(' ')]), "The client's secret has a space at its end. Trim it."],
    [
      Buffer.from(text.trim(), 'latin1'),
      "The service's secret has white space around it, and the client's has none. Trim it.",
    ],
  ]
  return readings
    .filter(([bytes]) => !bytes.equals(secret) && bytes.byteLength > 0)
    .map(([bytes, told]) => ({ part: 'secret', told, apply: (computation) => ({ ...computation, secret: bytes }) }))
}
