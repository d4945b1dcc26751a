// Loaded into the suite's process: waits until the engine has told its applications of everything that SIPp sent.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { clearInterval, setInterval } from 'node:timers';
import { setImmediate as nextTurn } from 'node:timers/promises';

const PORTS = { sip: 5060, control: 9022 };

/** When the datagram is sent again; the engine knows a copy when it sees one. */
const REPEAT_MS = 500;

let calls = 0;

/**
 * To be called when SIPp has ended. What it sent is read by the engine before what is sent here, and what applications
 * are told of it is written to their connections before the answer on a connection of our own. That answer lies there,
 * so theirs do too, and a turn of the loop later this process has read them.
 *
 * @param {string} engine address of the engine
 */
export async function engineHasTold(engine) {
  await readsDatagrams(engine);
  await writesFrames(engine);
  await nextTurn();
  await nextTurn();
}

/** @param {string} engine */
async function readsDatagrams(engine) {
  const socket = createSocket('udp4').bind(0, engine);
  await once(socket, 'listening');
  const { port } = socket.address();
  // A method that no application routes: the engine itself answers it.
  const request = [
    `FENCE sip:${engine} SIP/2.0`,
    `Via: SIP/2.0/UDP ${engine}:${String(port)};branch=z9hG4bKfence-${String(process.pid)}-${String(++calls)}`,
    'Max-Forwards: 1',
    `From: <sip:suite@${engine}>;tag=suite`,
    `To: <sip:engine@${engine}>`,
    `Call-ID: fence-${String(process.pid)}-${String(calls)}`,
    'CSeq: 1 FENCE',
    'Content-Length: 0',
    '\r\n',
  ].join('\r\n');
  const send = () => {
    socket.send(request, PORTS.sip, engine);
  };
  const timer = setInterval(send, REPEAT_MS);
  send();
  await once(socket, 'message');
  clearInterval(timer);
  socket.close();
}

/** @param {string} engine */
async function writesFrames(engine) {
  const socket = connect(PORTS.control, engine);
  const command = 'fence|authenticate|cymru|';
  socket.write(`${String(command.length)}#${command}`);
  await once(socket, 'data');
  socket.destroy();
}
