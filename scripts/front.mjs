// The sockets that clients connect to. Cloudflare's edge tells a Worker at once that its client has gone; workerd by
// itself finds out with its next write, because a closed socket and a half-closed one look the same to it. So this
// passes bytes on as they are, and a client's goodbye as a reset, which workerd does notice.
import net from 'node:net'

/**
 * Listens on 127.0.0.1 and, where there is one, ::1. Connections wait until `open` says where they go.
 *
 * @param {number} port 0 = any free one
 * @returns {Promise<{ port: number, open(targetPort: number): void, close(): Promise<void> }>}
 * @throws {NodeJS.ErrnoException} `EADDRINUSE` when the port is taken
 */
export async function listen(port) {
  const clients = new Set()
  const { promise: target, resolve: open } = Promise.withResolvers()
  const connected = async (client) => {
    clients.add(client)
    client.once('close', () => clients.delete(client))
    client.on('error', () => {})
    relay(client, await target)
  }

  const servers = [await listening('127.0.0.1', port, connected)]
  const chosen = servers[0].address().port
  try {
    servers.push(await listening('::1', chosen, connected))
  } catch (error) {
    if (error.code === 'EADDRINUSE') {
      await Promise.all(servers.map(closed))
      throw error
    }
    // No IPv6 on this machine.
  }

  return {
    port: chosen,
    open,
    async close() {
      const closing = servers.map(closed)
      for (const client of clients) client.destroy()
      await Promise.all(closing)
    },
  }
}

function relay(client, targetPort) {
  if (client.destroyed) return
  const worker = net.connect({ host: '127.0.0.1', port: targetPort, noDelay: true })
  worker.on('error', () => client.resetAndDestroy())
  worker.on('close', () => client.destroySoon())
  client.on('end', () => worker.resetAndDestroy())
  client.on('close', () => worker.resetAndDestroy())
  client.pipe(worker, { end: false })
  worker.pipe(client)
}

function listening(host, port, connected) {
  return new Promise((resolve, reject) => {
    const server = net.createServer({ allowHalfOpen: true, noDelay: true }, connected)
    server.once('error', reject)
    server.listen({ host, port, backlog: 4096 }, () => {
      server.off('error', reject)
      resolve(server)
    })
  })
}

function closed(server) {
  return new Promise((resolve) => server.close(resolve))
}
