import { createServer, type Socket } from 'node:net';

/** What ends one of SIPp's commands between its instances. */
const END = '\u001B';

/** How SIPp phones say that they talk, and are told to hang up, whatever time that takes: its commands of 3PCC. */
export interface TalkWord {
  readonly port: number;
  /** Tells all phones that talk, and all that are about to, to hang up. */
  give(): void;
  close(): void;
}

/** Listens for phones; each of their calls says its Call-ID when it talks, and hears it again when it is to hang up. */
export async function openTalkWord(): Promise<TalkWord> {
  const waiting = new Map<string, Socket>();
  const sockets = new Set<Socket>();
  let isGiven = false;
  const giveAll = (): void => {
    for (const [callId, socket] of waiting) socket.write(`Call-ID: ${callId}\r\n${END}`);
    waiting.clear();
  };
  const server = createServer((socket) => {
    sockets.add(socket);
    let read = '';
    socket.on('data', (data) => {
      const commands = (read + data.toString()).split(END);
      read = commands.pop() ?? '';
      for (const command of commands) waiting.set(/Call-ID: *(\S+)/.exec(command)?.[1] ?? '', socket);
      if (isGiven) giveAll();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not a TCP port');
  return {
    port: address.port,
    give: () => {
      isGiven = true;
      giveAll();
    },
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
