//! What a start leaves running, and what a stop leaves on disk.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::TcpStream,
    process::Command,
};

use avvivo_local_servers::{DataFolder, Durability, Postgres, Redis};

fn asking(server: &Postgres, sql: &str) -> Command {
    let mut command = Command::new(server.bin().join("psql"));
    let url = server.url("postgres");
    command.args(["-XAtq", "-v", "ON_ERROR_STOP=1", &url, "-c", sql]);
    command
}

fn psql(server: &Postgres, sql: &str) -> String {
    let output = asking(server, sql).output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn a_second_start_keeps_the_data() {
    let folder = DataFolder::throw_away().unwrap();
    let first = Postgres::start(&folder, Durability::Durable).unwrap();
    psql(&first, "CREATE TABLE kept AS SELECT 42 AS answer");
    assert_eq!(psql(&first, "SHOW fsync"), "on");
    first.stop().unwrap();
    let second = Postgres::start(&folder, Durability::ThrowAway).unwrap();
    assert_eq!(psql(&second, "SELECT answer FROM kept"), "42");
    assert_eq!(psql(&second, "SHOW fsync"), "off");
}

#[test]
fn a_killed_server_starts_again_with_its_confirmed_rows() {
    let folder = DataFolder::throw_away().unwrap();
    let first = Postgres::start(&folder, Durability::Durable).unwrap();
    psql(&first, "CREATE TABLE kept AS SELECT 42 AS answer");
    first.kill().unwrap();
    let pid_file = folder.path().join("postgres/postmaster.pid");
    assert!(pid_file.exists());
    // The number now belongs to a living process that is not PostgreSQL: ourselves.
    let lines = fs::read_to_string(&pid_file).unwrap();
    let (_, rest) = lines.split_once('\n').unwrap();
    fs::write(&pid_file, format!("{}\n{rest}", std::process::id())).unwrap();
    let second = Postgres::start(&folder, Durability::Durable).unwrap();
    assert_eq!(psql(&second, "SELECT answer FROM kept"), "42");
}

#[test]
fn what_a_killed_server_confirms_on_its_way_out_is_kept() {
    let folder = DataFolder::throw_away().unwrap();
    let first = Postgres::start(&folder, Durability::Durable).unwrap();
    psql(&first, "CREATE TABLE kept (answer bigint)");
    // A backend that counts does not look up before it has counted, and then confirms.
    let count = "INSERT INTO kept SELECT count(*) FROM generate_series(1, 5000000)";
    let mut counting = asking(&first, count).spawn().unwrap();
    let is_counting =
        "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'INSERT%'";
    while psql(&first, is_counting) == "0" {
        std::thread::yield_now();
    }
    first.kill().unwrap();
    let second = Postgres::start(&folder, Durability::Durable).unwrap();
    let is_confirmed = counting.wait().unwrap().success();
    let kept = psql(&second, "SELECT answer FROM kept");
    assert_eq!(kept, if is_confirmed { "5000000" } else { "" });
}

#[test]
fn half_a_cluster_is_made_anew() {
    let folder = DataFolder::throw_away().unwrap();
    let staging = folder.path().join("postgres.staging");
    fs::create_dir(&staging).unwrap();
    fs::write(staging.join("PG_VERSION"), "15\n").unwrap();
    let server = Postgres::start(&folder, Durability::ThrowAway).unwrap();
    assert_eq!(psql(&server, "SELECT 1"), "1");
}

#[test]
fn a_stranger_without_the_password_is_refused() {
    let folder = DataFolder::throw_away().unwrap();
    let postgres = Postgres::start(&folder, Durability::ThrowAway).unwrap();
    let output = Command::new(postgres.bin().join("psql"))
        .args(["-w", "-c", "SELECT 1"])
        .arg(format!(
            "postgres://avvivo@127.0.0.1:{}/postgres",
            postgres.port()
        ))
        .output()
        .unwrap();
    assert!(!output.status.success());
    let redis = Redis::start(&folder).unwrap();
    let mut stream = TcpStream::connect(("127.0.0.1", redis.port())).unwrap();
    stream.write_all(b"GET anything\r\n").unwrap();
    let mut answer = String::new();
    BufReader::new(stream).read_line(&mut answer).unwrap();
    assert!(answer.starts_with("-NOAUTH"), "{answer}");
}

#[test]
fn redis_comes_back_at_the_same_address() {
    let folder = DataFolder::throw_away().unwrap();
    let first = Redis::start(&folder).unwrap();
    let (url, port) = (first.url(0), first.port());
    first.kill().unwrap();
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
    let second = Redis::start_on(&folder, port).unwrap();
    assert_eq!(second.url(0), url);
}

#[test]
fn a_taken_port_is_reported_with_the_servers_own_words() {
    let folder = DataFolder::throw_away().unwrap();
    let first = Redis::start(&folder).unwrap();
    let another = DataFolder::throw_away().unwrap();
    let error = Redis::start_on(&another, first.port()).expect_err("the port is taken");
    assert!(
        error.to_string().contains("Address already in use"),
        "{error}"
    );
}
