use std::os::fd::{AsFd, OwnedFd};

use super::*;

fn copy_of(memory: &SharedMemory) -> OwnedFd {
    memory.as_fd().try_clone_to_owned().expect("there are file descriptors")
}

#[test]
fn two_mappings_of_one_file_show_the_same_bytes() {
    let memory = SharedMemory::new(1000).expect("there is memory");
    let other = SharedMemory::from_fd(copy_of(&memory)).expect("it is ours");
    assert_eq!(other.len(), 1000);
    for (offset, bytes) in
        [(0, &b"first"[..]), (3, b"over the words' edges, a long one"), (995, b"last!")]
    {
        memory.write(offset, bytes);
        let mut found = vec![0; bytes.len()];
        other.read(offset, &mut found);
        assert_eq!(found, bytes);
    }
    other.atomic(104).fetch_add(5, Relaxed);
    assert_eq!(memory.atomic(104).load(Relaxed), 5);
}

#[test]
fn what_is_not_inside_is_refused() {
    let memory = SharedMemory::new(16).expect("there is memory");
    let refused = |f: &dyn Fn()| {
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(f)).expect_err("outside")
    };
    refused(&|| memory.write(9, &[0; 8]));
    refused(&|| memory.read(usize::MAX, &mut [0; 8]));
    refused(&|| _ = memory.atomic(12));
    refused(&|| _ = memory.atomic(4));
    memory.write(16, &[]);
    assert!(SharedMemory::new(usize::MAX).is_err());
    assert!(SharedMemory::new(0).expect("an empty one is fine").is_empty());
}

#[test]
fn a_foreign_file_is_refused_by_name() {
    let error = |fd: OwnedFd| SharedMemory::from_fd(fd).expect_err("not ours");
    let (pipe, _writer) = io::pipe().expect("there are pipes");
    assert!(matches!(error(pipe.into()), OpenError::Foreign));
    let null = File::open("/dev/null").expect("there is one");
    assert!(matches!(error(null.into()), OpenError::Foreign));

    let memfd = |len: u64, bytes: &[u8], seals: libc::c_int| {
        // SAFETY: a name that ends with a zero byte; then numbers.
        let file = unsafe {
            let fd =
                libc::memfd_create(c"test".as_ptr(), libc::MFD_ALLOW_SEALING | libc::MFD_CLOEXEC);
            assert!(fd >= 0);
            File::from(OwnedFd::from_raw_fd(fd))
        };
        file.set_len(len).expect("it has any length");
        file.write_all_at(bytes, 0).expect("it can be written");
        // SAFETY: numbers.
        assert_eq!(unsafe { libc::fcntl(file.as_raw_fd(), libc::F_ADD_SEALS, seals) }, 0);
        OwnedFd::from(file)
    };
    let header = |change: &dyn Fn(&mut Header)| {
        let mut header = Header::zeroed();
        (header.magic, header.version, header.size) = (MAGIC, VERSION, 4096);
        (header.kind, header.item_size, header.item_align) = (BYTES, 1, 1);
        change(&mut header);
        bytemuck::bytes_of(&header).to_vec()
    };
    let good = header(&|_| ());
    assert!(SharedMemory::from_fd(memfd(4096, &good, SEALS)).is_ok());
    assert!(matches!(error(memfd(4096, &good, 0)), OpenError::Foreign), "it could be cut off");
    assert!(matches!(error(memfd(10, &[], SEALS)), OpenError::Size { found: 10, expected: 128 }));
    assert!(matches!(
        error(memfd(8192, &good, SEALS)),
        OpenError::Size { found: 8192, expected: 4096 }
    ));
    assert!(matches!(error(memfd(4096, &[], SEALS)), OpenError::Magic));
    let newer = header(&|header| header.version = VERSION + 1);
    let found = error(memfd(4096, &newer, SEALS));
    let newer = VERSION + 1;
    assert_eq!(
        found.to_string(),
        format!("shared memory of version {newer}: this program knows version {VERSION}")
    );
    let other = header(&|header| header.kind = 99);
    assert!(matches!(error(memfd(4096, &other, SEALS)), OpenError::Kind));
}

#[test]
fn nobody_can_cut_it_off() {
    let memory = SharedMemory::new(10_000).expect("there is memory");
    let file = File::from(copy_of(&memory));
    assert!(file.set_len(100).is_err());
    assert!(file.set_len(100_000).is_err());
}
