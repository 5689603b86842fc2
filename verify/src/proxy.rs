//! A TCP proxy in front of one server, whose weather is changed while connections run through it.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use socket2::SockRef;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_util::sync::{CancellationToken, DropGuard};

/// Bytes that are handed on at once at most.
const CHUNK: usize = 16 * 1024;

/// How long a peer that is not told of its counterpart's end is kept waiting at most.
const LIMBO: Duration = Duration::from_secs(20);

/// How a link behaves right now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Weather {
    /// Everything is handed on at once.
    #[default]
    Fair,
    /// Each piece of up to 16 KiB takes so long.
    Slow(Duration),
    /// So many bytes a second in either direction of a connection.
    Throttled(u32),
    /// Nothing is handed on; what was taken is handed on later.
    Stalled,
    /// What comes from the server is not handed on for now; the other direction works.
    Deaf,
    /// Nobody is let in; those who are in stay.
    Closed,
}

/// How connections end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum End {
    /// As if both sides had closed them.
    #[default]
    Cut,
    /// By RST, with whatever was under way.
    Reset,
    /// The server's side ends, and the client is not told; then it is gone.
    HalfOpen,
}

/// A running proxy. It ends with its last clone, and all its connections do.
#[derive(Clone, Debug)]
pub struct Proxy {
    /// Where it listens.
    pub address: SocketAddr,
    weather: Arc<watch::Sender<Weather>>,
    /// Counted, so that each end is meant for the connections of its moment.
    ends: Arc<watch::Sender<(u64, End)>>,
    _running: Arc<DropGuard>,
}

impl Proxy {
    /// Listens on a free port in front of `server`. Errors: no port.
    pub async fn start(server: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.context("no port for a proxy")?;
        let address = listener.local_addr()?;
        let (weather, mut conditions) = watch::channel(Weather::Fair);
        let (ends, ended) = watch::channel((0, End::Cut));
        let running = CancellationToken::new();
        let stopped = running.clone();
        tokio::spawn(stopped.run_until_cancelled_owned(async move {
            loop {
                // A connection that fails in the moment it comes is its client's to repeat.
                let Ok((client, _)) = listener.accept().await else { continue };
                if *conditions.borrow_and_update() == Weather::Closed {
                    continue;
                }
                let (conditions, mut ended) = (conditions.clone(), ended.clone());
                ended.mark_unchanged();
                tokio::spawn(carry(client, server, conditions, ended));
            }
        }));
        let (weather, ends) = (Arc::new(weather), Arc::new(ends));
        Ok(Self { address, weather, ends, _running: Arc::new(running.drop_guard()) })
    }

    /// Changes the weather.
    pub fn set(&self, weather: Weather) {
        self.weather.send_replace(weather);
    }

    /// Ends every connection of this moment.
    pub fn end(&self, end: End) {
        self.ends.send_modify(|(count, how)| {
            *count += 1;
            *how = end;
        });
    }
}

/// One connection, until one side or the proxy ends it.
async fn carry(
    client: TcpStream,
    server: SocketAddr,
    weather: watch::Receiver<Weather>,
    mut ended: watch::Receiver<(u64, End)>,
) {
    let Ok(server) = TcpStream::connect(server).await else { return };
    // Without it a proxy would add delays of its own; where it fails, it does.
    let _ = client.set_nodelay(true).and(server.set_nodelay(true));
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let how = {
        let up = hand_on(&mut from_client, &mut to_server, weather.clone(), Weather::Stalled);
        let down = hand_on(&mut from_server, &mut to_client, weather, Weather::Deaf);
        tokio::select! {
            // One side is done: the other is told by the end of its connection.
            _ = up => return,
            _ = down => return,
            changed = ended.changed() => match changed {
                Ok(()) => ended.borrow().1,
                Err(_) => return,
            },
        }
    };
    match how {
        End::Cut => {}
        End::Reset => {
            for stream in [to_client, to_server] {
                // On close, whatever was not sent is dropped, and the peer is sent RST.
                let _ = SockRef::from(stream.as_ref()).set_linger(Some(Duration::ZERO));
                // Dropped, it would say FIN first.
                stream.forget();
            }
        }
        End::HalfOpen => {
            drop((from_server, to_server));
            // What the client still says goes nowhere.
            let _ = timeout(LIMBO, swallow(&mut from_client)).await;
        }
    }
}

async fn swallow(from: &mut OwnedReadHalf) -> io::Result<()> {
    let mut nowhere = vec![0; CHUNK];
    while from.read(&mut nowhere).await? > 0 {}
    Ok(())
}

/// One direction, until its source ends. Held up while the weather is `Stalled`, or as this direction has it.
async fn hand_on(
    from: &mut OwnedReadHalf,
    to: &mut OwnedWriteHalf,
    mut weather: watch::Receiver<Weather>,
    held_by: Weather,
) -> io::Result<()> {
    let mut chunk = vec![0; CHUNK];
    loop {
        let read = from.read(&mut chunk).await?;
        if read == 0 {
            return Ok(());
        }
        // A proxy that is gone holds nothing up.
        let conditions = weather.wait_for(|now| *now != Weather::Stalled && *now != held_by).await;
        match conditions.map(|now| *now).unwrap_or_default() {
            Weather::Slow(delay) => sleep(delay).await,
            Weather::Throttled(rate) => {
                sleep(Duration::from_secs(1) * u32::try_from(read).unwrap_or(0) / rate.max(1)).await
            }
            Weather::Fair | Weather::Closed | Weather::Stalled | Weather::Deaf => {}
        }
        to.write_all(&chunk[..read]).await?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server that says back what it is told, behind a proxy.
    async fn echo() -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let (mut from, mut to) = stream.into_split();
                    tokio::io::copy(&mut from, &mut to).await
                });
            }
        });
        Proxy::start(server).await.unwrap()
    }

    async fn says_back(stream: &mut TcpStream, word: &[u8; 4]) {
        stream.write_all(word).await.unwrap();
        let mut heard = [0; 4];
        stream.read_exact(&mut heard).await.unwrap();
        assert_eq!(&heard, word);
    }

    #[tokio::test]
    async fn what_was_stalled_arrives_when_the_weather_clears() {
        let proxy = echo().await;
        let mut stream = TcpStream::connect(proxy.address).await.unwrap();
        says_back(&mut stream, b"fair").await;
        for weather in [Weather::Stalled, Weather::Deaf] {
            proxy.set(weather);
            stream.write_all(b"late").await.unwrap();
            let mut heard = [0; 4];
            let early = timeout(Duration::from_millis(50), stream.read_exact(&mut heard)).await;
            assert!(early.is_err(), "{weather:?}");
            proxy.set(Weather::Fair);
            stream.read_exact(&mut heard).await.unwrap();
            assert_eq!(&heard, b"late");
        }
    }

    #[tokio::test]
    async fn bad_weather_delays_and_loses_nothing() {
        let proxy = echo().await;
        let mut stream = TcpStream::connect(proxy.address).await.unwrap();
        for weather in [Weather::Slow(Duration::from_millis(1)), Weather::Throttled(10_000)] {
            proxy.set(weather);
            says_back(&mut stream, b"slow").await;
        }
    }

    #[tokio::test]
    async fn connections_end_in_the_way_that_was_asked_for_and_new_ones_work() {
        let proxy = echo().await;
        let mut heard = [0; 4];
        for end in [End::Cut, End::Reset, End::HalfOpen] {
            let mut stream = TcpStream::connect(proxy.address).await.unwrap();
            says_back(&mut stream, b"here").await;
            proxy.end(end);
            match end {
                End::Cut => assert_eq!(stream.read(&mut heard).await.unwrap(), 0),
                End::Reset => {
                    let error = stream.read(&mut heard).await.unwrap_err();
                    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
                }
                End::HalfOpen => {
                    stream.write_all(b"lost").await.unwrap();
                    let silence = timeout(Duration::from_millis(50), stream.read(&mut heard)).await;
                    assert!(silence.is_err());
                }
            }
        }
        let mut stream = TcpStream::connect(proxy.address).await.unwrap();
        says_back(&mut stream, b"back").await;
    }

    #[tokio::test]
    async fn a_closed_proxy_lets_nobody_in() {
        let proxy = echo().await;
        let mut inside = TcpStream::connect(proxy.address).await.unwrap();
        says_back(&mut inside, b"here").await;
        proxy.set(Weather::Closed);
        let mut outside = TcpStream::connect(proxy.address).await.unwrap();
        assert_eq!(outside.read(&mut [0; 4]).await.unwrap_or(0), 0);
        says_back(&mut inside, b"stay").await;
    }
}
