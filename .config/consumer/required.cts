import core = require('@countersign/core')

export const systemClock: core.Clock = core.systemClock
