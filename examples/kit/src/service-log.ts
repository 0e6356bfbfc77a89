import { type Logger, pino } from 'pino'

/** The log of a service, as JSON lines: on stdout and, where `LOG_FILE` names a file, there too. Each line is written at once. */
export function serviceLog(name: string, file: string | undefined = process.env['LOG_FILE']): Logger {
  const stdout = pino.destination({ fd: 1, sync: true })
  if (file === undefined) return pino({ name }, stdout)
  return pino(
    { name },
    pino.multistream([{ stream: stdout }, { stream: pino.destination({ dest: file, sync: true }) }]),
  )
}
