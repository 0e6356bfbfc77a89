import fastify, { type FastifyInstance } from 'fastify'
import { describe, expect, it, onTestFinished } from 'vitest'
import { optionOf } from '../../core/test/kit.js'
import { checkCoverage } from '../src/census.js'

/** A server whose scope `/in` runs the hook, and whose routes outside do not. */
async function server(outside: (app: FastifyInstance) => void): Promise<FastifyInstance> {
  const app = fastify()
  onTestFinished(() => app.close())
  app.register(
    async (scope) => {
      scope.addHook('onRequest', function guard(_request, _reply, done) {
        done()
      })
      scope.get('/a', () => 'a')
      scope.get('/a/:id', { constraints: { version: '1.0.0' } }, () => 'id')
      scope.route({ method: ['PUT', 'DELETE'], url: '/a', handler: () => 'both' })
    },
    { prefix: '/in' },
  )
  outside(app)
  await app.ready()
  return app
}

describe('checkCoverage', () => {
  it('passes where every route runs the hook', async () => {
    const app = await server(() => {})
    expect(optionOf(() => checkCoverage(app, 'guard'))).toBeUndefined()
  })

  it('passes where there are no routes', async () => {
    const app = fastify()
    onTestFinished(() => app.close())
    await app.ready()
    expect(optionOf(() => checkCoverage(app, 'guard'))).toBeUndefined()
  })

  it.each<[string, (app: FastifyInstance) => void, RegExp]>([
    ['a route', (app) => app.get('/out', () => 'x'), /\/out \(GET\)/],
    ['a wildcard', (app) => app.get('/*', () => 'x'), /\* \(GET\)/],
    ['another method of a covered path', (app) => app.post('/in/a', () => 'x'), /\/in\/a \(POST\)/],
    ['a route below a covered one', (app) => app.get('/in/a/b', () => 'x'), /\/b \(GET\)/],
    [
      'a route of one host only',
      (app) => app.get('/out', { constraints: { host: 'a.test' } }, () => 'x'),
      /\/out \(GET\) \{"host":"a.test"\}/,
    ],
    [
      'a covered path, but of one host only',
      (app) => app.get('/in/a', { constraints: { host: 'a.test' } }, () => 'x'),
      /"a.test"/,
    ],
    [
      'a route of one version only',
      (app) => app.get('/out', { constraints: { version: '2.0.0' } }, () => 'x'),
      /\/out \(GET\)/,
    ],
    [
      'a method with a hyphen',
      (app) => {
        app.addHttpMethod('M-SEARCH')
        app.route({ method: 'M-SEARCH', url: '/out', handler: () => 'x' })
      },
      /\/out \(M-SEARCH\)/,
    ],
    [
      'a route with a hook of another name',
      (app) => {
        app.register(async (scope) => {
          scope.addHook('onRequest', function other(_request, _reply, done) {
            done()
          })
          scope.get('/out', () => 'x')
        })
      },
      /\/out \(GET\)/,
    ],
    [
      'a route whose hook of that name comes too late',
      (app) =>
        app.get(
          '/out',
          {
            preHandler: function guard(_request, _reply, done) {
              done()
            },
          },
          () => 'x',
        ),
      /\/out \(GET\)/,
    ],
  ])('names %s that does not run it', async (_, outside, name) => {
    const app = await server(outside)
    expect(() => checkCoverage(app, 'guard')).toThrow(name)
  })
})
