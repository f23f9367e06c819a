/** A service of a few lines: takes its port from systemd, tells that it is ready, says its name. */
export function smallService(text: string, { ready = true, status = 200 } = {}): string {
  return `import http.server, os, socket, threading, time


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(${status})
        self.send_header("content-length", "${text.length}")
        self.end_headers()
        self.wfile.write(b"${text}")

    def log_message(self, *_):
        pass


def tell():
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        address = os.environ["NOTIFY_SOCKET"]
        channel.connect("\\0" + address[1:] if address.startswith("@") else address)
        channel.send(b"READY=1")
        while True:
            channel.send(b"WATCHDOG=1")
            time.sleep(5)


print("this is ${text}")
server = http.server.ThreadingHTTPServer(("", 0), Handler, bind_and_activate=False)
server.socket.close()
server.socket = socket.socket(fileno=3)
${ready ? "threading.Thread(target=tell, daemon=True).start()" : ""}
server.serve_forever()
`;
}
