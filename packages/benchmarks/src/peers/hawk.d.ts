// hawk has no types of its own: what is used of it here.
declare module 'hawk' {
  interface Credentials {
    readonly id: string
    readonly key: string
    readonly algorithm: 'sha256'
  }
  interface Request {
    readonly method: string
    readonly url: string
    readonly host: string
    readonly port: number
    readonly authorization: string
    readonly contentType: string
  }
  export const client: {
    header(
      uri: string,
      method: string,
      options: { credentials: Credentials; payload: string; contentType: string },
    ): { readonly header: string }
  }
  export const server: {
    authenticate(
      request: Request,
      credentials: (id: string) => Promise<Credentials>,
      options: {
        payload: string | Buffer
        nonceFunc?: (key: string, nonce: string, timestamp: string) => Promise<void>
      },
    ): Promise<{ readonly credentials: Credentials }>
  }
}
