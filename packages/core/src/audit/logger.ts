/** The three levels of a pino logger that audit records are written at. A pino logger fits as it is. */
export interface AuditLogger {
  info(record: object, message: string): void
  warn(record: object, message: string): void
  error(record: object, message: string): void
}
