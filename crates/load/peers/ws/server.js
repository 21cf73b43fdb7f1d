// The peer in Node: what anybody sends, everybody gets, with `ws` as its manual shows it. It ends with its input.
import { WebSocketServer, WebSocket } from "ws";

const server = new WebSocketServer({ host: "127.0.0.1", port: 0, backlog: 4096, perMessageDeflate: false });
server.on("connection", (socket) => {
  socket.on("error", () => socket.terminate());
  socket.on("message", (data) => {
    for (const client of server.clients) {
      if (client.readyState === WebSocket.OPEN) {
        client.send(data, { binary: false });
      }
    }
  });
});
server.on("listening", () => console.log(`listening on ${server.address().port}`));
process.stdin.on("end", () => process.exit(0)).resume();
