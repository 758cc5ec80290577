//! Which codecs are decoded. Everything else that ffmpeg can decode stays out of reach.

/// The pictures that phones and editors write, by ffprobe's name.
pub(super) const VIDEO_CODECS: [&str; 8] = [
    "h264", "hevc", "mpeg4", "h263", "vp8", "vp9", "av1", "mjpeg",
];

/// And the sounds: of phones, of cameras, and of what converts either.
pub(super) const AUDIO_CODECS: [&str; 32] = [
    "aac",
    "mp2",
    "mp3",
    "opus",
    "vorbis",
    "alac",
    "flac",
    "ac3",
    "eac3",
    "amr_nb",
    "amr_wb",
    "adpcm_ima_qt",
    "adpcm_ima_wav",
    "adpcm_ms",
    "pcm_alaw",
    "pcm_mulaw",
    "pcm_s8",
    "pcm_u8",
    "pcm_s16le",
    "pcm_s16be",
    "pcm_u16le",
    "pcm_u16be",
    "pcm_s24le",
    "pcm_s24be",
    "pcm_u24le",
    "pcm_u24be",
    "pcm_s32le",
    "pcm_s32be",
    "pcm_f32le",
    "pcm_f32be",
    "pcm_f64le",
    "pcm_f64be",
];

/// The decoders behind those names, as `-codec_whitelist` wants them, and those of tracks that phones and editors add
/// and we leave out (covers, captions): ffprobe gives up on a file with a track it may not open.
pub(crate) const VIDEO_DECODERS: &str = "h264,hevc,mpeg4,h263,vp8,vp9,av1,libdav1d,mjpeg,\
    aac,mp2,mp2float,mp3,mp3float,opus,vorbis,alac,flac,ac3,eac3,amrnb,amrwb,\
    adpcm_ima_qt,adpcm_ima_wav,adpcm_ms,pcm_alaw,pcm_mulaw,pcm_s8,pcm_u8,\
    pcm_s16le,pcm_s16be,pcm_u16le,pcm_u16be,pcm_s24le,pcm_s24be,pcm_u24le,pcm_u24be,\
    pcm_s32le,pcm_s32be,pcm_f32le,pcm_f32be,pcm_f64le,pcm_f64be,\
    png,mov_text,cc_dec";

/// The decoders of still images.
pub(crate) const IMAGE_DECODERS: &str = "png,mjpeg,webp";

/// The decoder that a tool was asked for and may not use, by what the tool says about it.
pub(crate) fn refused_decoder(log: &str) -> Option<&str> {
    let (said, _) = log.split_once(") not on whitelist")?;
    let (_, name) = said.rsplit_once("Codec (")?;
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_decoder_is_named_and_nothing_else_is() {
        let log = "[qdm2 @ 0x5612] [error] Codec (qdm2) not on whitelist 'h264,aac'\nx";
        assert_eq!(refused_decoder(log), Some("qdm2"));
        assert_eq!(refused_decoder("moov atom not found"), None);
    }
}
