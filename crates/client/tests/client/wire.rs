//! A stretch of network that a test can cut.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

pub(crate) struct Wire {
    pub(crate) url: String,
    connections: Arc<Mutex<Vec<JoinHandle<()>>>>,
}

impl Wire {
    /// Leads to an address.
    pub(crate) async fn to(address: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let connections = Arc::<Mutex<Vec<JoinHandle<()>>>>::default();
        let made = Arc::clone(&connections);
        tokio::spawn(async move {
            loop {
                let (mut near, _) = listener.accept().await.expect("a client");
                let connection = tokio::spawn(async move {
                    let Ok(mut far) = TcpStream::connect(address).await else {
                        return;
                    };
                    // Either side may go away at any time; that is what this is for.
                    let _ = copy_bidirectional(&mut near, &mut far).await;
                });
                made.lock().expect("whole").push(connection);
            }
        });
        Self { url, connections }
    }

    /// Cuts every connection: no websocket is closed, both sides just find nobody there.
    pub(crate) fn cut(&self) {
        for connection in self.connections.lock().expect("whole").drain(..) {
            connection.abort();
        }
    }
}
