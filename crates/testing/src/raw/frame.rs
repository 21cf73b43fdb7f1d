//! Websocket frames as bytes, well made or not.

/// A client's frame. As it is made it is whole, masked and of no extension.
#[derive(Debug, Clone)]
pub struct Frame {
    first: u8,
    masked: bool,
    /// What the header says, if not the payload's own.
    claimed: Option<u64>,
    payload: Vec<u8>,
}

impl Frame {
    #[must_use]
    pub fn new(opcode: u8, payload: impl Into<Vec<u8>>) -> Self {
        Self { first: 0x80 | opcode, masked: true, claimed: None, payload: payload.into() }
    }
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self::new(1, text)
    }
    #[must_use]
    pub fn continuation(payload: impl Into<Vec<u8>>) -> Self {
        Self::new(0, payload)
    }
    #[must_use]
    pub fn ping(payload: impl Into<Vec<u8>>) -> Self {
        Self::new(9, payload)
    }
    /// A close with this code and reason.
    #[must_use]
    pub fn close(code: u16, reason: &[u8]) -> Self {
        Self::new(8, [&code.to_be_bytes(), reason].concat())
    }
    /// More of the message follows.
    #[must_use]
    pub fn unfinished(mut self) -> Self {
        self.first &= 0x7f;
        self
    }
    /// With these of the three reserved bits, as `0x40`.
    #[must_use]
    pub fn reserved(mut self, bits: u8) -> Self {
        self.first |= bits;
        self
    }
    #[must_use]
    pub fn unmasked(mut self) -> Self {
        self.masked = false;
        self
    }
    /// A header that promises another length than comes.
    #[must_use]
    pub fn claiming(mut self, length: u64) -> Self {
        self.claimed = Some(length);
        self
    }

    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        const MASK: [u8; 4] = [0x5a, 0, 0xff, 0x17];
        let mask_bit = if self.masked { 0x80 } else { 0 };
        let length = self.claimed.unwrap_or(self.payload.len() as u64);
        let mut bytes = vec![self.first];
        match (u8::try_from(length), u16::try_from(length)) {
            (Ok(length @ ..=125), _) => bytes.push(mask_bit | length),
            (_, Ok(length)) => {
                bytes.push(mask_bit | 126);
                bytes.extend(length.to_be_bytes());
            }
            _ => {
                bytes.push(mask_bit | 127);
                bytes.extend(length.to_be_bytes());
            }
        }
        if self.masked {
            bytes.extend(MASK);
            bytes.extend(self.payload.iter().zip(MASK.iter().cycle()).map(|(byte, key)| byte ^ key));
        } else {
            bytes.extend(&self.payload);
        }
        bytes
    }
}

/// A server's frame, as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    pub opcode: u8,
    pub payload: Vec<u8>,
}

impl Heard {
    /// The code, if this is a close.
    #[must_use]
    pub fn close_code(&self) -> Option<u16> {
        match (self.opcode, &*self.payload) {
            (8, [high, low, ..]) => Some(u16::from_be_bytes([*high, *low])),
            _ => None,
        }
    }
}
