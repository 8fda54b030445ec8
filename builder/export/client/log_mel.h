// The log-mel spectrogram that model.tflite takes, for microcontrollers. C99 or C++, nothing but math.h.
//
//   static int16_t sound[LOG_MEL_SAMPLES];                            // @RATE@ samples a second
//   static float spectrogram[LOG_MEL_FRAMES * LOG_MEL_BANDS];         // the model's input
//   log_mel(sound, spectrogram);
//
// A shorter sound is followed by zeros. To compute while you listen, call log_mel_frame for each frame as soon as
// its samples are there, and log_mel_finish once at the end: the volume is taken out over all frames.
#ifndef LOG_MEL_H
#define LOG_MEL_H

#include <math.h>
#include <stdint.h>

#define LOG_MEL_RATE @RATE@
#define LOG_MEL_SAMPLES @SAMPLES@
#define LOG_MEL_WINDOW @WINDOW@
#define LOG_MEL_FFT @FFT@
#define LOG_MEL_STEP @STEP@
#define LOG_MEL_FRAMES @FRAMES@
#define LOG_MEL_BANDS @BANDS@
#define LOG_MEL_LOWEST @LOWEST@f
#define LOG_MEL_HIGHEST @HIGHEST@f
#define LOG_MEL_PI 3.14159265358979f

static float log_mel_real[LOG_MEL_FFT], log_mel_imaginary[LOG_MEL_FFT];
static float log_mel_window[LOG_MEL_WINDOW];
static float log_mel_cosine[LOG_MEL_FFT / 2], log_mel_sine[LOG_MEL_FFT / 2];
// Where each frequency lies among the bands: from n to n + 1 it rises in band n and falls in band n - 1.
static float log_mel_place[LOG_MEL_FFT / 2 + 1];
static int log_mel_is_ready;

static float log_mel_pitch(float hertz) { return logf(1.0f + hertz / 700.0f); }

static void log_mel_prepare(void) {
  const float lowest = log_mel_pitch(LOG_MEL_LOWEST);
  const float band = (log_mel_pitch(LOG_MEL_HIGHEST) - lowest) / (LOG_MEL_BANDS + 1);
  for (int n = 0; n < LOG_MEL_WINDOW; ++n)
    log_mel_window[n] = 0.5f - 0.5f * cosf(2.0f * LOG_MEL_PI * n / LOG_MEL_WINDOW);
  for (int n = 0; n < LOG_MEL_FFT / 2; ++n) {
    log_mel_cosine[n] = cosf(2.0f * LOG_MEL_PI * n / LOG_MEL_FFT);
    log_mel_sine[n] = sinf(2.0f * LOG_MEL_PI * n / LOG_MEL_FFT);
  }
  for (int n = 0; n <= LOG_MEL_FFT / 2; ++n)
    log_mel_place[n] = (log_mel_pitch((float)LOG_MEL_RATE * n / LOG_MEL_FFT) - lowest) / band;
  log_mel_is_ready = 1;
}

// The fast Fourier transform of log_mel_real and log_mel_imaginary, in place.
// Cooley, Tukey: An algorithm for the machine calculation of complex Fourier series, 1965.
static void log_mel_transform(void) {
  for (int n = 1, mirrored = 0; n < LOG_MEL_FFT; ++n) {
    int bit = LOG_MEL_FFT / 2;
    for (; mirrored & bit; bit /= 2) mirrored ^= bit;
    mirrored |= bit;
    if (n < mirrored) {
      const float kept = log_mel_real[n];
      log_mel_real[n] = log_mel_real[mirrored];
      log_mel_real[mirrored] = kept;
    }
  }
  for (int half = 1; half < LOG_MEL_FFT; half *= 2)
    for (int start = 0; start < LOG_MEL_FFT; start += 2 * half)
      for (int n = 0; n < half; ++n) {
        const int a = start + n, b = a + half, angle = n * (LOG_MEL_FFT / 2 / half);
        const float c = log_mel_cosine[angle], s = log_mel_sine[angle];
        const float real = log_mel_real[b] * c + log_mel_imaginary[b] * s;
        const float imaginary = log_mel_imaginary[b] * c - log_mel_real[b] * s;
        log_mel_real[b] = log_mel_real[a] - real;
        log_mel_imaginary[b] = log_mel_imaginary[a] - imaginary;
        log_mel_real[a] += real;
        log_mel_imaginary[a] += imaginary;
      }
}

// One frame in decibels: the samples around frame * LOG_MEL_STEP, mirrored at the ends of the sound.
static void log_mel_frame(const int16_t* sound, int frame, float* bands) {
  if (!log_mel_is_ready) log_mel_prepare();
  for (int n = 0; n < LOG_MEL_FFT; ++n) log_mel_real[n] = log_mel_imaginary[n] = 0.0f;
  for (int n = 0; n < LOG_MEL_WINDOW; ++n) {
    const int place = (LOG_MEL_FFT - LOG_MEL_WINDOW) / 2 + n;
    int sample = frame * LOG_MEL_STEP + place - LOG_MEL_FFT / 2;
    if (sample < 0) sample = -sample;
    if (sample >= LOG_MEL_SAMPLES) sample = 2 * (LOG_MEL_SAMPLES - 1) - sample;
    log_mel_real[place] = sound[sample] / 32768.0f * log_mel_window[n];
  }
  log_mel_transform();
  for (int band = 0; band < LOG_MEL_BANDS; ++band) bands[band] = 0.0f;
  for (int n = 1; n <= LOG_MEL_FFT / 2; ++n) {
    const float power = log_mel_real[n] * log_mel_real[n] + log_mel_imaginary[n] * log_mel_imaginary[n];
    const int band = (int)floorf(log_mel_place[n]);
    const float rise = log_mel_place[n] - band;
    if (band >= 0 && band < LOG_MEL_BANDS) bands[band] += rise * power;
    if (band >= 1 && band <= LOG_MEL_BANDS) bands[band - 1] += (1.0f - rise) * power;
  }
  for (int band = 0; band < LOG_MEL_BANDS; ++band) bands[band] = 10.0f * log10f(fmaxf(bands[band], 1e-10f));
}

// From decibels to the model's numbers: -3 to 3, bels around the middle of the 60 decibels below the loudest.
static void log_mel_finish(float* spectrogram) {
  float loudest = spectrogram[0];
  for (int n = 1; n < LOG_MEL_FRAMES * LOG_MEL_BANDS; ++n) loudest = fmaxf(loudest, spectrogram[n]);
  for (int n = 0; n < LOG_MEL_FRAMES * LOG_MEL_BANDS; ++n)
    spectrogram[n] = fmaxf(spectrogram[n] - loudest, -60.0f) / 10.0f + 3.0f;
}

static void log_mel(const int16_t* sound, float* spectrogram) {
  for (int frame = 0; frame < LOG_MEL_FRAMES; ++frame)
    log_mel_frame(sound, frame, spectrogram + frame * LOG_MEL_BANDS);
  log_mel_finish(spectrogram);
}

#endif
