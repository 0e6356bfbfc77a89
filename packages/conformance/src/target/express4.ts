import { createRequire } from 'node:module'
import type express from 'express'
import type { TargetContext } from './echo.js'
import { expressServer } from './express.js'
import type { TargetServer } from './server.js'

/** The alias has no types of its own; what is used here is the same in both. */
const express4: typeof express = createRequire(import.meta.url)('express4')

export function express4Server(context: TargetContext): Promise<TargetServer> {
  return expressServer(context, express4)
}
