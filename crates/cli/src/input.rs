//! The standard input of a server that another command has started: it ends when that command does,
//! however it ends.

use std::io;
use std::thread;

use tokio::sync::oneshot;

/// Is done when the standard input has ended. What comes before is thrown away.
pub(crate) async fn ended() {
    let (end, ended) = oneshot::channel();
    // A read cannot be called off, so it must not be one that the runtime waits for.
    thread::spawn(move || {
        // An input that cannot be read has ended too.
        let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
        // Who was told to stop in another way does not wait for this.
        let _ = end.send(());
    });
    // The sender is never dropped unused.
    let _ = ended.await;
}
