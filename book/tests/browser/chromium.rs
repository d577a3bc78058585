//! Chromium without a window, told what to do over a pipe: the DevTools protocol, JSON texts with a
//! zero byte after each.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use std::{env, thread};

use serde_json::{Value, json};

/// Far longer than any answer takes; it ends a browser that hangs, and with it the test.
const PATIENCE: Duration = Duration::from_secs(300);

/// How to get one.
pub(crate) const MISSING: &str =
    "no Chromium: install it (`apt-get install chromium`), or name it in the variable CHROMIUM";

/// A browser with one page.
pub(crate) struct Chromium {
    child: Arc<Mutex<Child>>,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    calls: u64,
    session: Option<String>,
    /// Unexpected actions of the page, one per line.
    pub(crate) requests: Vec<String>,
    pub(crate) complaints: Vec<String>,
    loaded: bool,
    _profile: tempfile::TempDir,
    _alive: Sender<()>,
}

/// The program, if there is one. An empty variable says that there is none.
pub(crate) fn find() -> Option<String> {
    let named = env::var("CHROMIUM").ok();
    if named.as_deref() == Some("") {
        return None;
    }
    let names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
    named.into_iter().chain(names.map(str::to_owned)).find(|name| {
        let version = Command::new(name).arg("--version").stderr(Stdio::null()).output();
        version.is_ok_and(|output| output.status.success())
    })
}

impl Chromium {
    /// Starts `program` with an empty page.
    pub(crate) fn start(program: &str) -> Self {
        let profile = tempfile::tempdir().unwrap();
        // Chromium reads from descriptor 3 and writes to 4; the shell puts our pipes there.
        let mut child = Command::new("sh")
            .args(["-c", "exec \"$0\" \"$@\" 3<&0 4>&1 0</dev/null 1>&2", program])
            .args(["--headless", "--remote-debugging-pipe", "--disable-gpu", "--no-first-run"])
            // Only pages of our own are opened, and its sandbox needs what a container may lack.
            .args(["--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (to, from) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let child = Arc::new(Mutex::new(child));
        let (alive, watch) = channel();
        thread::spawn({
            let child = Arc::clone(&child);
            move || {
                if watch.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
                    let _ = child.lock().unwrap().kill();
                }
            }
        });
        let mut browser = Self {
            child,
            to,
            from: BufReader::new(from),
            calls: 0,
            session: None,
            requests: Vec::new(),
            complaints: Vec::new(),
            loaded: false,
            _profile: profile,
            _alive: alive,
        };
        let target = browser.call("Target.createTarget", json!({ "url": "about:blank" }));
        let target = json!({ "targetId": target["targetId"], "flatten": true });
        let session = browser.call("Target.attachToTarget", target);
        browser.session = session["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Runtime", "Network", "Log"] {
            browser.call(&format!("{domain}.enable"), json!({}));
        }
        browser
    }

    /// Calls a method of the protocol and waits for its answer.
    pub(crate) fn call(&mut self, method: &str, params: Value) -> Value {
        self.calls += 1;
        let id = self.calls;
        let mut message = json!({ "id": id, "method": method, "params": params });
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        self.to.write_all(format!("{message}\0").as_bytes()).unwrap();
        loop {
            let answer = self.receive();
            if answer["id"] == id {
                assert!(answer.get("error").is_none(), "{method}: {answer}");
                return answer["result"].clone();
            }
        }
    }

    /// The next message, after a note of what it says.
    fn receive(&mut self) -> Value {
        let mut message = Vec::new();
        self.from.read_until(0, &mut message).unwrap();
        assert_eq!(message.pop(), Some(0), "Chromium has ended, or was ended because it hung");
        let message: Value = serde_json::from_slice(&message).unwrap();
        let params = &message["params"];
        match message["method"].as_str() {
            Some("Page.loadEventFired") => self.loaded = true,
            Some("Network.requestWillBeSent") => {
                self.requests.push(params["request"]["url"].as_str().unwrap_or_default().into());
            }
            Some("Runtime.exceptionThrown" | "Log.entryAdded") => {
                self.complaints.push(params.to_string());
            }
            Some("Runtime.consoleAPICalled") if params["type"] == "error" => {
                self.complaints.push(params.to_string());
            }
            _ => {}
        }
        message
    }

    /// The size of the window; a narrow one is a phone.
    pub(crate) fn resize(&mut self, width: u32, height: u32) {
        let mobile = width < 500;
        let size =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile });
        self.call("Emulation.setDeviceMetricsOverride", size);
    }

    /// Opens an address and waits until it is loaded, whatever was open before.
    pub(crate) fn open(&mut self, address: &str) {
        // To change the fragment alone would load nothing.
        self.load("about:blank");
        self.load(address);
    }

    fn load(&mut self, address: &str) {
        self.loaded = false;
        let result = self.call("Page.navigate", json!({ "url": address }));
        assert!(result.get("errorText").is_none(), "{address}: {result}");
        self.wait_for_load();
    }

    /// Presses a key that leads to another page, and waits until that is loaded.
    pub(crate) fn press_and_load(&mut self, key: &str) {
        self.loaded = false;
        self.press(&[key]);
        self.wait_for_load();
    }

    /// Reloads the page.
    pub(crate) fn reload(&mut self) {
        self.loaded = false;
        self.call("Page.reload", json!({}));
        self.wait_for_load();
    }

    fn wait_for_load(&mut self) {
        while !self.loaded {
            self.receive();
        }
    }

    /// The value of an expression of JavaScript.
    pub(crate) fn value(&mut self, expression: &str) -> Value {
        let ask = json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let answer = self.call("Runtime.evaluate", ask);
        assert!(answer.get("exceptionDetails").is_none(), "{expression}: {answer}");
        answer["result"]["value"].clone()
    }

    /// Waits until an expression holds.
    pub(crate) fn wait_until(&mut self, expression: &str) {
        let started = Instant::now();
        while self.value(expression) != json!(true) {
            assert!(started.elapsed() < Duration::from_secs(60), "never true: {expression}");
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Presses and releases keys, one after the other.
    pub(crate) fn press(&mut self, keys: &[&str]) {
        for &key in keys {
            let (name, modifiers) = match key.strip_prefix("Shift+") {
                Some(name) => (name, 8),
                None => (key, 0),
            };
            let code = match name {
                "Tab" => 9,
                "Enter" => 13,
                "Escape" => 27,
                "ArrowLeft" => 37,
                "ArrowUp" => 38,
                "ArrowRight" => 39,
                "ArrowDown" => 40,
                _ => name.bytes().next().unwrap_or(0).to_ascii_uppercase().into(),
            };
            for (kind, text) in [("keyDown", true), ("keyUp", false)] {
                let mut event = json!({
                    "type": kind, "key": name, "modifiers": modifiers, "windowsVirtualKeyCode": code,
                });
                if text && name == "Enter" {
                    event["text"] = json!("\r");
                } else if text && name.len() == 1 {
                    event["text"] = json!(name);
                }
                self.call("Input.dispatchKeyEvent", event);
            }
        }
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        let mut child = self.child.lock().unwrap();
        let _ = child.kill();
        let _ = child.wait();
    }
}
