import type { SignedFields } from '@countersign/core/hmac'
import {
  audienceMistakes,
  authorizationMistakes,
  contentTypeMistakes,
  digestMistakes,
  methodMistakes,
} from './field-mistakes.js'
import type { Mistake } from './mistake.js'
import { secretMistakes } from './secret-mistakes.js'
import { targetMistakes } from './target-mistakes.js'

/*
 * The classic mistakes of those who sign requests. Each is tried out: where the MAC of the request holds for the text, or with the secret, that a
 * mistake makes, the mistake is found and not guessed.
 */

/** @param headers - of the request, to guess from: names in lower case */
export function mistakesFor(
  fields: SignedFields,
  headers: ReadonlyMap<string, string>,
  secret: Buffer,
): readonly Mistake[] {
  return [
    ...targetMistakes(fields.target, headers),
    ...methodMistakes(fields.method),
    ...contentTypeMistakes(fields.contentType),
    ...authorizationMistakes(fields.authorization),
    ...audienceMistakes(fields.audience, headers),
    ...digestMistakes(fields.contentSha256),
    ...TEXT_MISTAKES,
    ...secretMistakes(secret),
  ]
}

function spelling(told: string, respell: (text: string) => string): Mistake {
  return {
    part: 'text',
    told,
    apply: (computation) => ({ ...computation, spell: (text) => respell(computation.spell(text)) }),
  }
}

const TEXT_MISTAKES: readonly Mistake[] = [
  spelling('The client left out the last line feed: every line ends in one, the last too.', (text) =>
    text.slice(0, -1),
  ),
  spelling('The client ended the lines in CR LF. They end in a line feed alone.', (text) =>
    text.replaceAll('\n', '\r\n'),
  ),
  spelling('The client put a space behind the colons. There is none.', (text) =>
    text.replace(/^([a-z0-9-]+):/gm, '$1: '),
  ),
  spelling('The client left out the first line, countersign-hmac-v1.', (text) => text.slice(text.indexOf('\n') + 1)),
  spelling('The client signed in another encoding than UTF-8, or escaped the line feeds.', (text) =>
    text.replaceAll('\n', '\\n'),
  ),
]
