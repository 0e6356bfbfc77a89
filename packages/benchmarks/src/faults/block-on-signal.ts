// Runs before a service: SIGUSR2 keeps its event loop busy for two seconds, as a handler that computes would.
const BUSY_MILLISECONDS = 2000

process.on('SIGUSR2', () => {
  const endsAt = performance.now() + BUSY_MILLISECONDS
  while (performance.now() < endsAt);
})
